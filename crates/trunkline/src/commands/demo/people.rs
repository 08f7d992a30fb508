//! The people of the demo. None of them exists, and their numbers are in a range that nobody has.

use trunkline_sim::{Habit, Pattern};

/// Somebody to call.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// How they are called.
    pub name: String,
    /// Their number.
    pub number: String,
    /// What they do when the phone rings; drawn by the simulator if not told.
    habit: Option<Habit>,
}

/// So many have a habit worth watching. More is a crowd.
pub(super) const CAST: usize = 12;

fn cast() -> [(&'static str, Habit); CAST] {
    let answers = |digits: [&str; 4]| answering(digits, "The quiet corner with the big windows.");
    [
        ("Ann Lee", answers(["", "1", "5", "3"])),
        ("דנה כהן", answering(["", "1", "4", "1"], "שעת הסיפור לילדים.")),
        ("Marta Díaz", Habit::Busy),
        ("יוסי מזרחי", Habit::NoAnswer),
        ("Zoë O'Neil", Habit::HangsUpInMidQuestion { question: 2 }),
        ("Sam Carter", Habit::Voicemail),
        ("נועה לוי", answering(["", "2", "3", "2"], "הספרניות, הן תמיד עוזרות.")),
        ("Ben Ashworth", Habit::Silent),
        ("Ruth Goldberg", Habit::PressesKey { key: '9' }),
        ("אבי פרץ", Habit::Refuses),
        ("Lena Fischer", answers(["", "2", "5", "1"])),
        ("Omar Haddad", answers(["", "1", "2", "3"])),
    ]
}

const FIRST_NAMES: [&str; 10] =
    ["Maya", "Tom", "שירה", "Nils", "Grace", "איתן", "Ida", "Leo", "תמר", "Paula"];
const LAST_NAMES: [&str; 9] =
    ["Novak", "Brandt", "Almog", "Silva", "Keller", "Rosen", "Moreau", "Baker", "Shalev"];

/// The first `count` people. Those beyond the cast have names in turn and habits that the simulator draws.
pub(super) fn people(count: u16) -> Vec<Person> {
    let cast = cast();
    (0..usize::from(count))
        .map(|index| {
            let number = format!("+1555010{:04}", 100 + index);
            match cast.get(index) {
                Some((name, habit)) => {
                    Person { name: (*name).to_owned(), number, habit: Some(habit.clone()) }
                }
                None => Person { name: stranger(index), number, habit: None },
            }
        })
        .collect()
}

fn stranger(index: usize) -> String {
    let first = FIRST_NAMES[index % FIRST_NAMES.len()];
    let last = LAST_NAMES[(index / FIRST_NAMES.len() + index) % LAST_NAMES.len()];
    format!("{first} {last}")
}

/// The habits, as the simulator wants them.
pub(super) fn habits(people: &[Person]) -> Vec<(Pattern, Habit)> {
    people
        .iter()
        .filter_map(|person| Some((Pattern::from(person.number.as_str()), person.habit.clone()?)))
        .collect()
}

fn answering(digits: [&str; 4], said: &str) -> Habit {
    Habit::Answers {
        ring_secs: None,
        said: vec![said.to_owned()],
        digits: digits.map(str::to_owned).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use trunkline_core::phone::PhoneNumber;

    #[test]
    fn everybody_has_a_number_of_their_own_that_can_be_dialed() {
        let people = people(5_000);
        let numbers: BTreeSet<_> = people.iter().map(|person| &person.number).collect();
        assert_eq!(numbers.len(), people.len());
        for person in people.iter().step_by(97) {
            PhoneNumber::parse(&person.number, None).unwrap();
        }
    }

    #[test]
    fn the_survey_is_one() {
        let survey =
            trunkline_core::script::Script::parse(super::super::SURVEY.as_bytes(), "survey".parse().unwrap());
        assert_eq!(survey.unwrap().questions.len(), 4);
    }
}
