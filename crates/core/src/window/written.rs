//! Hours as people write them in one line: `mon-fri 09:00-17:00`.

use super::hours::{Days, Hours, WEEK};
use jiff::civil::{Time, Weekday};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A line that says no hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("hours are written as mon-fri 09:00-17:00, sat,sun 10:00-14:00 or daily 08:00-20:00")]
pub struct BadLine;

impl FromStr for Hours {
    type Err = BadLine;

    /// Days first: one, several with commas between, a range of them, or `daily`; then from when to when. 24:00 is midnight.
    fn from_str(line: &str) -> Result<Self, BadLine> {
        let line = line.trim().to_lowercase();
        let (days, span) = line.rsplit_once(char::is_whitespace).ok_or(BadLine)?;
        let (from, to) = span.split_once('-').ok_or(BadLine)?;
        Ok(Self { days: read_days(days)?, from: time(from)?, to: time(to)? })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = WEEK
            .iter()
            .filter(|(day, _)| self.days.iter().any(|one| one == *day))
            .map(|(_, word)| *word)
            .collect();
        let days = if days.len() == WEEK.len() { "daily".to_owned() } else { days.join(",") };
        write!(f, "{days} {}-{}", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

fn read_days(words: &str) -> Result<Days, BadLine> {
    if words == "daily" {
        return Ok(Days::all());
    }
    let mut days = Vec::new();
    for part in words.split([',', ' ']).filter(|part| !part.is_empty()) {
        match part.split_once('-') {
            None => days.push(day(part)?),
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                days.push(first);
                let mut next = first;
                while next != last {
                    next = next.next();
                    days.push(next);
                }
            }
        }
    }
    if days.is_empty() { Err(BadLine) } else { Ok(Days::new(days)) }
}

fn day(word: &str) -> Result<Weekday, BadLine> {
    let found = WEEK.iter().find(|(_, short)| word.starts_with(short));
    found.map(|(day, _)| *day).ok_or(BadLine)
}

fn time(word: &str) -> Result<Time, BadLine> {
    if word == "24:00" {
        return Ok(Time::midnight());
    }
    let (hour, minute) = word.split_once(':').ok_or(BadLine)?;
    let (hour, minute) = (hour.parse().map_err(|_| BadLine)?, minute.parse().map_err(|_| BadLine)?);
    Time::new(hour, minute, 0, 0).map_err(|_| BadLine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_written_again() {
        for (line, written) in [
            ("mon-fri 09:00-17:00", "mon,tue,wed,thu,fri 09:00-17:00"),
            ("Sun-Thu 8:30-16:00", "mon,tue,wed,thu,sun 08:30-16:00"),
            ("saturday, sunday 10:00-14:00", "sat,sun 10:00-14:00"),
            ("daily 00:00-24:00", "daily 00:00-00:00"),
            ("fri-mon 22:00-02:00", "mon,fri,sat,sun 22:00-02:00"),
        ] {
            let hours: Hours = line.parse().unwrap();
            assert_eq!(hours.to_string(), written);
            assert_eq!(written.parse::<Hours>().unwrap(), hours);
        }
        for bad in [
            "",
            "mon",
            "09:00-17:00",
            "mon 9-17",
            "mon 09:00",
            "day 09:00-17:00",
            "mon 25:00-26:00",
            ", 1:00-2:00",
        ] {
            assert_eq!(bad.parse::<Hours>(), Err(BadLine), "{bad:?}");
        }
    }
}
