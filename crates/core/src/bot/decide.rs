//! The one place that rules on what a model asks for.

use super::answer::{Answered, Effect, Refusal, Tools};
use super::said;
use super::tool::{Asked, AtTime, Tool, Wish};
use super::{Bot, Person};
use crate::appointment::{Appointment, AppointmentStatus, Practitioner, When};
use crate::id::AppointmentId;
use crate::phone::PhoneNumber;
use crate::private::{Address, Private};
use crate::window::Zone;
use jiff::Timestamp;

/// So many free times are told at once.
const TOLD: usize = 6;

/// What a ruling is made from.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The bot.
    pub bot: &'a Bot,
    /// What its tools have done in this call.
    pub tools: &'a Tools,
    /// What this call may see.
    pub sight: &'a Sight,
    /// What the call has used.
    pub spent: Spent,
    /// The time.
    pub now: Timestamp,
}

/// What a call may see of the world: its caller's own appointment, and which times are free.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The number of whom the bot talks to, by the carrier's word.
    pub phone: Address,
    /// What they are called, if that is known.
    pub name: Option<Private<String>>,
    /// Their own appointment: the one the call is about, or that was booked in it.
    pub own: Option<Appointment>,
    /// What was booked in this call, by its own word or by the calendar's: an answer may have been lost.
    pub booked: Option<AppointmentId>,
    /// The calendar.
    pub calendar: Calendar,
}

/// What Twilio sends for a number that is withheld: the letters of RESTRICTED, BLOCKED, UNKNOWN, ANONYMOUS and UNAVAILABLE on a
/// phone's keys.
const WITHHELD: [&str; 5] = ["+7378742833", "+2562533", "+8656696", "+266696687", "+86282452253"];

/// Whether a number says who somebody is. Whoever withholds theirs shares what is sent instead with all who do.
pub fn is_somebodys(phone: &Address) -> bool {
    PhoneNumber::from_e164(phone.as_str()).is_ok() && !WITHHELD.contains(&phone.as_str())
}

/// Which times are free.
#[derive(Clone, Debug)]
pub enum Calendar {
    /// Nobody can say now.
    Away,
    /// By practitioner, in the order of their names.
    Known(Vec<Diary>),
}

/// One practitioner's free times.
#[derive(Clone, Debug)]
pub struct Diary {
    /// With whom.
    pub practitioner: Practitioner,
    /// When an appointment may begin, the earliest first.
    pub free: Vec<Timestamp>,
}

/// What a call has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How long the bot has talked, in seconds.
    pub seconds: u32,
    /// How often it has spoken.
    pub turns: u32,
}

/// What comes of a tool that the model asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// It is decided: this is journaled, and then told.
    Answered(Answered),
    /// The store must say who has this time, since two calls may want it at once; then [`settle`].
    Ask(Claim),
}

/// A time that a call wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// For what.
    pub kind: ClaimKind,
    /// With whom.
    pub practitioner: String,
    /// When.
    pub start: Timestamp,
    /// By whose clock people speak of it.
    pub zone: Zone,
    /// How long.
    pub minutes: u16,
}

/// For what a call wants a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// For an appointment of its caller.
    Book {
        /// What the caller is called.
        customer: Private<String>,
        /// The caller's number.
        phone: Address,
    },
    /// For the appointment that its caller has.
    Move {
        /// Which.
        appointment: AppointmentId,
    },
}

/// What the store said to a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// This is how the appointment stands now; it may be one that the same call booked before.
    Is(Box<Appointment>),
    /// Somebody else was first.
    Taken,
    /// The appointment is cancelled, or has taken place.
    Over,
    /// The store can't be asked.
    Away,
}

/// Rules on a tool that the model asked for.
pub fn decide(case: &Case<'_>, asked: &Asked) -> Ruling {
    if let Some(answered) = case.tools.answer(&asked.id) {
        return Ruling::Answered(answered.clone());
    }
    let (tool, wish) = match asked.read() {
        Ok(read) => read,
        Err(why) => return Ruling::Answered(case.refused(asked, Tool::parse(&asked.name), why)),
    };
    // Whatever else may not be, the end may.
    if let Wish::End(reason) = wish {
        return Ruling::Answered(case.did(asked, tool, Effect::End { reason }, said::ends()));
    }
    let ruled = if !case.bot.tools.contains(&tool) {
        Err(Refusal::NotAllowed)
    } else if case.is_over_limit() {
        Err(Refusal::OverLimit)
    } else {
        case.rule(asked, tool, wish)
    };
    ruled.unwrap_or_else(|why| Ruling::Answered(case.refused(asked, Some(tool), why)))
}

/// Says what became of a claim.
pub fn settle(case: &Case<'_>, asked: &Asked, claim: &Claim, settled: &Settled) -> Answered {
    let tool = match claim.kind {
        ClaimKind::Book { .. } => Tool::Book,
        ClaimKind::Move { .. } => Tool::Reschedule,
    };
    let is = match settled {
        Settled::Is(is) => is,
        Settled::Taken => return case.not_free(asked, tool, Some(&claim.practitioner), Some(claim.start)),
        Settled::Over => return case.refused(asked, Some(tool), Refusal::AppointmentOver),
        Settled::Away => return case.refused(asked, Some(tool), Refusal::CalendarAway),
    };
    let (appointment, start) = (is.id, is.start);
    match claim.kind {
        // What this call booked before, in a life of this server that told nobody.
        ClaimKind::Book { .. } if start != claim.start => Answered {
            says: Private::new(said::booked_before(is)),
            ..case.refused(asked, Some(tool), Refusal::BookedBefore)
        },
        ClaimKind::Book { .. } => {
            case.did(asked, tool, Effect::Booked { appointment, start }, said::appointment(is))
        }
        ClaimKind::Move { .. } => {
            case.did(asked, tool, Effect::Rescheduled { appointment, start }, said::appointment(is))
        }
    }
}

impl Case<'_> {
    fn is_over_limit(&self) -> bool {
        let limits = &self.bot.limits;
        let calls = u32::try_from(self.tools.count()).unwrap_or(u32::MAX);
        self.spent.seconds > limits.seconds || self.spent.turns > limits.turns || calls >= limits.tool_calls
    }

    fn rule(&self, asked: &Asked, tool: Tool, wish: Wish) -> Result<Ruling, Refusal> {
        match wish {
            Wish::Confirm => {
                let own = self.own()?;
                let says = said::confirmed(own);
                Ok(Ruling::Answered(self.did(asked, tool, Effect::Confirmed { appointment: own.id }, says)))
            }
            Wish::Cancel => {
                // Said twice is said once.
                let own = match self.own() {
                    Err(Refusal::AppointmentOver) if self.is_cancelled_here() => self.sight.own.as_ref(),
                    own => Some(own?),
                };
                let own = own.ok_or(Refusal::NoAppointment)?;
                let says = said::cancelled(own);
                Ok(Ruling::Answered(self.did(asked, tool, Effect::Cancelled { appointment: own.id }, says)))
            }
            Wish::Reschedule(at) => self.reschedule(asked, &at),
            Wish::Book { at, customer } => self.book(asked, &at, customer),
            Wish::Transfer { to } => {
                let person = self.person(to.as_deref())?;
                let effect = Effect::Transfer { to: person.number.clone() };
                Ok(Ruling::Answered(self.did(asked, tool, effect, said::hands_over(person))))
            }
            Wish::End(reason) => {
                Ok(Ruling::Answered(self.did(asked, tool, Effect::End { reason }, said::ends())))
            }
        }
    }

    fn reschedule(&self, asked: &Asked, at: &AtTime) -> Result<Ruling, Refusal> {
        let own = self.own()?;
        let with = at.practitioner.as_deref().unwrap_or(&own.practitioner);
        let diary = self.diary(with)?;
        let Some(start) = self.wanted(diary, at) else {
            return Ok(Ruling::Answered(self.tells(asked, Tool::Reschedule, Some(with), at)));
        };
        let is_there = own.start == start && is_called(&own.practitioner, &diary.practitioner.name);
        if is_there {
            let effect = Effect::Rescheduled { appointment: own.id, start };
            return Ok(Ruling::Answered(self.did(asked, Tool::Reschedule, effect, said::appointment(own))));
        }
        let claim = |kind| claim(kind, diary, start);
        // Its own time is not free for others, and may overlap the new one: the store sees to that.
        let is_free = diary.free.contains(&start)
            || (is_called(&own.practitioner, with)
                && overlaps(own, start, diary)
                && self.may_begin(diary, start));
        if !is_free {
            return Ok(Ruling::Answered(self.not_free(asked, Tool::Reschedule, Some(with), Some(start))));
        }
        Ok(Ruling::Ask(claim(ClaimKind::Move { appointment: own.id })))
    }

    fn book(&self, asked: &Asked, at: &AtTime, customer: Option<Private<String>>) -> Result<Ruling, Refusal> {
        let diaries = self.diaries()?;
        let with = at.practitioner.as_deref();
        if let Some(name) = with {
            self.diary(name)?;
        }
        if let Some(booked) = self.tools.booked().or(self.sight.booked) {
            let own = self.sight.own.as_ref().filter(|own| own.id == booked).ok_or(Refusal::BookedBefore)?;
            let zone = &own.zone;
            let is_same = at.when.and_then(|when| when.moment(zone)) == Some(own.start)
                && with.is_none_or(|with| is_called(with, &own.practitioner));
            let says = if is_same { said::appointment(own) } else { said::booked_before(own) };
            let did = match is_same {
                true => Effect::Booked { appointment: own.id, start: own.start },
                false => Effect::Refused { why: Refusal::BookedBefore },
            };
            return Ok(Ruling::Answered(self.did(asked, Tool::Book, did, says)));
        }
        let mut of_whom =
            diaries.iter().filter(|diary| with.is_none_or(|with| is_called(with, &diary.practitioner.name)));
        let names_a_time = at.when.is_some_and(|when| !matches!(when, When::Day(_)));
        if !names_a_time {
            return Ok(Ruling::Answered(self.tells(asked, Tool::Book, with, at)));
        }
        let found = of_whom.find_map(|diary| {
            let start = self.wanted(diary, at)?;
            diary.free.contains(&start).then_some((diary, start))
        });
        let Some((diary, start)) = found else {
            let near = diaries.first().and_then(|diary| self.wanted(diary, at));
            return Ok(Ruling::Answered(self.not_free(asked, Tool::Book, with, near)));
        };
        if !is_somebodys(&self.sight.phone) {
            return Err(Refusal::NotAllowed);
        }
        let customer = self.sight.name.clone().or(customer).ok_or(Refusal::NoName)?;
        let phone = self.sight.phone.clone();
        Ok(Ruling::Ask(claim(ClaimKind::Book { customer, phone }, diary, start)))
    }

    /// The caller's own appointment, if anything can become of it still.
    fn own(&self) -> Result<&Appointment, Refusal> {
        let own = self.sight.own.as_ref().ok_or(match self.sight.calendar {
            Calendar::Away => Refusal::CalendarAway,
            Calendar::Known(_) => Refusal::NoAppointment,
        })?;
        // What this call has done to it counts, also before its row says so.
        let is_over = !own.status.is_open() || own.start <= self.now || self.is_cancelled_here();
        if is_over { Err(Refusal::AppointmentOver) } else { Ok(own) }
    }

    fn is_cancelled_here(&self) -> bool {
        let own = self.sight.own.as_ref();
        own.is_some_and(|own| matches!(self.tools.standing().get(&own.id), Some(Effect::Cancelled { .. })))
    }

    fn diaries(&self) -> Result<&[Diary], Refusal> {
        match &self.sight.calendar {
            Calendar::Away => Err(Refusal::CalendarAway),
            Calendar::Known(diaries) => Ok(diaries),
        }
    }

    fn diary(&self, name: &str) -> Result<&Diary, Refusal> {
        let found = self.diaries()?.iter().find(|diary| is_called(&diary.practitioner.name, name));
        found.ok_or(Refusal::NoPractitioner)
    }

    /// The moment that is asked for; `None` if only a day is, or nothing.
    fn wanted(&self, diary: &Diary, at: &AtTime) -> Option<Timestamp> {
        let when = at.when.filter(|when| !matches!(when, When::Day(_)))?;
        when.moment(&diary.practitioner.hours.zone)
    }

    fn may_begin(&self, diary: &Diary, start: Timestamp) -> bool {
        start > self.now && diary.practitioner.begins_at(start)
    }

    fn person(&self, named: Option<&str>) -> Result<&Person, Refusal> {
        let people = &self.bot.transfer_to;
        let found = match named {
            None => people.first(),
            Some(named) => {
                people.iter().find(|person| is_called(&person.name, named) || person.number.as_str() == named)
            }
        };
        found.ok_or(Refusal::NotOnTheList)
    }

    /// Which times are free: on the day that is asked for, or from now on.
    fn tells(&self, asked: &Asked, tool: Tool, with: Option<&str>, at: &AtTime) -> Answered {
        let of_day = |start: &Timestamp, zone: &Zone| match at.when.and_then(|when| when.day(zone)) {
            Some((from, until)) => *start >= from && *start < until,
            None => true,
        };
        let free = self.free(with, |start, zone| of_day(start, zone));
        self.did(asked, tool, Effect::Told, said::free(&free))
    }

    fn not_free(&self, asked: &Asked, tool: Tool, with: Option<&str>, near: Option<Timestamp>) -> Answered {
        // The day's own times first, then what comes next.
        let near = near.unwrap_or(self.now);
        let mut free = self.free(with, |start, zone| {
            start.to_zoned(zone.rules()).date() >= near.to_zoned(zone.rules()).date() && *start != near
        });
        if free.is_empty() {
            free = self.free(with, |start, _| *start != near);
        }
        let refused = self.refused(asked, Some(tool), Refusal::NotFree);
        Answered { says: Private::new(said::not_free(&free)), ..refused }
    }

    fn free(
        &self,
        with: Option<&str>,
        wanted: impl Fn(&Timestamp, &Zone) -> bool,
    ) -> Vec<(Timestamp, &Practitioner)> {
        let diaries = self.diaries().unwrap_or_default();
        let of_whom =
            diaries.iter().filter(|diary| with.is_none_or(|with| is_called(with, &diary.practitioner.name)));
        let mut free: Vec<_> = of_whom
            .flat_map(|diary| {
                let wanted = |start: &&Timestamp| wanted(start, &diary.practitioner.hours.zone);
                diary.free.iter().filter(wanted).take(TOLD).map(|start| (*start, &diary.practitioner))
            })
            .collect();
        free.sort_by(|(a, x), (b, y)| (a, &x.name).cmp(&(b, &y.name)));
        free.truncate(TOLD);
        free
    }

    fn did(&self, asked: &Asked, tool: Tool, did: Effect, says: String) -> Answered {
        Answered { id: asked.id.clone(), tool: Some(tool), did, says: Private::new(says) }
    }

    fn refused(&self, asked: &Asked, tool: Option<Tool>, why: Refusal) -> Answered {
        let says = match (why, self.diaries()) {
            (Refusal::NoPractitioner, Ok(diaries)) => {
                said::no_practitioner(diaries.iter().map(|diary| diary.practitioner.name.as_str()))
            }
            (Refusal::NotOnTheList, _) => {
                said::not_on_the_list(self.bot.transfer_to.iter().map(|person| person.name.as_str()))
            }
            (why, _) => said::refused(why),
        };
        Answered { id: asked.id.clone(), tool, did: Effect::Refused { why }, says: Private::new(says) }
    }
}

impl Sight {
    /// The same, as it is after these tools: what this call has confirmed or cancelled is so, though no row may say it yet.
    #[must_use]
    pub fn after(mut self, tools: &Tools) -> Self {
        if let Some(own) = &mut self.own {
            match tools.standing().get(&own.id) {
                Some(Effect::Confirmed { .. }) if own.status.is_open() => {
                    own.status = AppointmentStatus::Confirmed;
                }
                Some(Effect::Cancelled { .. }) => own.status = AppointmentStatus::Cancelled,
                _ => {}
            }
        }
        self
    }
}

fn claim(kind: ClaimKind, diary: &Diary, start: Timestamp) -> Claim {
    let Practitioner { name, hours, slot_minutes, .. } = &diary.practitioner;
    Claim { kind, practitioner: name.clone(), start, zone: hours.zone.clone(), minutes: *slot_minutes }
}

/// Whether moving the appointment there leaves it over its own time.
fn overlaps(own: &Appointment, start: Timestamp, diary: &Diary) -> bool {
    let cells = crate::appointment::cells(start, diary.practitioner.slot_minutes);
    own.cells().is_some_and(|own| own.start() <= cells.end() && cells.start() <= own.end())
}

fn is_called(name: &str, said: &str) -> bool {
    name.trim().to_lowercase() == said.trim().to_lowercase()
}
