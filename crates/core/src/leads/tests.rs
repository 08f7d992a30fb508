use super::*;
use crate::phone::CountryCode;
use crate::script::Template;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn country(letters: &str) -> Option<CountryCode> {
    Some(letters.parse().unwrap())
}

fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
}

fn variable(key: &str) -> Column {
    Column::Variable(key.to_owned())
}

fn guess(of: &[&[&str]]) -> Mapping {
    Mapping::guess(&rows(of), country("IL"))
}

fn import(columns: &[Column], required: &[&str]) -> Import {
    let mapping = Mapping { columns: columns.to_vec(), headed: Headed::Yes };
    let required: BTreeSet<String> = required.iter().map(|key| (*key).to_owned()).collect();
    Import::new(mapping, country("IL"), required).unwrap()
}

fn row(import: &mut Import, no: u64, cells: &[&str]) -> Row {
    let cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
    import.row(no, &cells)
}

fn fault(row: Row) -> (u64, String, String) {
    match row {
        Row::Skipped(fault) => (fault.row, fault.column, fault.code),
        other => panic!("{other:?}"),
    }
}

#[test]
fn columns_are_known_by_their_names_in_english_and_hebrew() {
    let english = guess(&[
        &["Full Name", "Mobile Phone", "Time-Zone", "Appointment date", ""],
        &["Ann", "050-2345678"],
    ]);
    assert_eq!(english.headed, Headed::Yes);
    let expected = [Column::Name, Column::Phone, Column::Zone, variable("appointment_date"), Column::Ignore];
    assert_eq!(english.columns, expected);
    let hebrew = guess(&[
        &["שם פרטי", "שם משפחה", "מס' טלפון", "טלפון נייד", "עיר"],
        &["דנה", "לוי", "", "0502345678", ""],
    ]);
    assert_eq!(
        hebrew.columns,
        [Column::FirstName, Column::LastName, variable("מס_טלפון"), Column::Phone, variable("עיר")]
    );
}

#[test]
fn a_second_column_of_a_kind_is_a_variable_by_its_own_name() {
    let two = guess(&[&["phone", "mobile", "name"], &["0502345678", "0502345679", "Ann"]]);
    assert_eq!(two.columns, [Column::Phone, variable("mobile"), Column::Name]);
    assert_eq!(two.check(), Ok(()));
}

#[test]
fn without_a_telling_name_the_column_with_numbers_is_the_phone() {
    let odd =
        guess(&[&["who", "reach me at"], &["Ann", "050-2345678"], &["Bob", "+12125550123"], &["Cy", "?"]]);
    assert_eq!(odd.columns, [variable("who"), Column::Phone]);
    let none = guess(&[&["who", "where"], &["Ann", "Haifa"]]);
    assert_eq!(none.check(), Err(MappingFault::NoPhone));
}

#[test]
fn a_file_without_a_header_is_noticed() {
    let bare = guess(&[&["Ann Lee", "0502345678", "7"], &["Bob", "0502345679", "8"]]);
    assert_eq!(bare.headed, Headed::No);
    assert_eq!(bare.columns, [Column::Name, Column::Phone, variable("column_3")]);
    assert_eq!(guess(&[]).columns, []);
}

#[test]
fn a_mapping_that_says_a_thing_twice_is_refused_in_words() {
    let twice = Mapping { columns: vec![Column::Phone, Column::Ignore, Column::Phone], headed: Headed::Yes };
    let fault = twice.check().unwrap_err();
    assert_eq!(fault.to_string(), "columns 1 and 3 both hold phone: say which one counts");
}

#[test]
fn a_row_becomes_a_lead_with_its_number_in_e164_and_as_it_was() {
    let mut import = import(&[Column::Name, Column::Phone, Column::Zone, variable("day")], &["day"]);
    let Row::Lead(lead) = row(&mut import, 2, &[" דנה  לוי ", "050-234 5678", "Europe/Paris", "Sunday"])
    else {
        panic!("no lead");
    };
    assert_eq!(lead.number.as_str(), "+972502345678");
    assert_eq!(lead.raw.reveal(), "050-234 5678");
    assert_eq!(lead.caller.name.as_deref(), Some("דנה לוי"));
    assert_eq!(lead.caller.variables["day"], "Sunday");
    assert_eq!(lead.zone.unwrap().as_str(), "Europe/Paris");
}

#[test]
fn a_name_in_two_columns_is_one_name() {
    let mut import = import(&[Column::LastName, Column::Phone, Column::FirstName], &[]);
    let Row::Lead(lead) = row(&mut import, 2, &["Lee", "0502345678", "Ann"]) else { panic!("no lead") };
    assert_eq!(lead.caller.name.as_deref(), Some("Ann Lee"));
    assert_eq!(lead.caller.variables["first_name"], "Ann");
}

#[test]
fn each_row_that_is_skipped_says_where_and_why() {
    let columns = [Column::Phone, Column::Name, Column::Zone, Column::Country, variable("day")];
    let mut import = import(&columns, &["day"]);
    let table: [(&[&str], &str, &str); 8] = [
        (&["", "Ann", "", "", "x"], "phone", "no_number"),
        (&["12", "Ann", "", "", "x"], "phone", "bad_number"),
        (&["sip:ann@example.com", "Ann", "", "", "x"], "phone", "bad_number"),
        (&["0502345678", "Ann", "Paris", "", "x"], "time_zone", "unknown_zone"),
        (&["0502345678", "Ann", "", "Utopia", "x"], "country", "unknown_country"),
        (&["0502345678", "Ann", "", ""], "day", "missing_variable"),
        (&["0502345678", "Ann", "", "", " \u{200F} "], "day", "missing_variable"),
        (&["0502345678", &"A".repeat(201), "", "", "x"], "name", "too_long"),
    ];
    for (place, (cells, column, code)) in (2..).zip(table) {
        assert_eq!(fault(row(&mut import, place, cells)), (place, column.to_owned(), code.to_owned()));
    }
    assert_eq!(import.tally(), Tally { leads: 0, skipped: 8, doubtful: 0 });
    let Row::Skipped(missing) = row(&mut import, 10, &["0502345678", "Ann"]) else { panic!("a lead") };
    assert_eq!(missing.why, "the script says {{day}}, and this row has nothing for it");
}

#[test]
fn the_same_number_in_any_spelling_is_one_lead_and_a_skipped_row_takes_nobodys_place() {
    let mut import = import(&[Column::Phone, variable("day")], &["day"]);
    assert_eq!(fault(row(&mut import, 2, &["0502345678", ""])).2, "missing_variable");
    assert!(matches!(row(&mut import, 3, &["0502345678", "Sunday"]), Row::Lead(_)));
    assert_eq!(row(&mut import, 4, &["", " "]), Row::Blank);
    let Row::Skipped(again) = row(&mut import, 5, &["+972 50 234 5678", "Monday"]) else { panic!("a lead") };
    assert_eq!((again.code.as_str(), again.why.as_str()), ("duplicate", "the same number is in row 3"));
}

#[test]
fn the_country_of_a_row_tells_whose_national_number_it_is() {
    let mut import = import(&[Column::Phone, Column::Country], &[]);
    let Row::Lead(lead) = row(&mut import, 2, &["(212) 555-0123", "us"]) else { panic!("no lead") };
    assert_eq!(lead.number.as_str(), "+12125550123");
}

#[test]
fn a_template_lists_its_variables_and_is_filled_once() {
    let template = Template::parse("Hello {{name}}, see you on {{ day }}.").unwrap();
    assert_eq!(template.variables().into_iter().collect::<Vec<_>>(), ["day", "name"]);
    let mut import = import(&[Column::Name, Column::Phone, variable("day")], &["day", "name"]);
    let Row::Lead(lead) = row(&mut import, 2, &["{{day}} <b>", "0502345678", "Sunday\u{202E}"]) else {
        panic!("no lead")
    };
    assert_eq!(template.render(&lead.caller), "Hello {{day}} <b>, see you on Sunday.");
    assert!(Template::parse("Hello {{name").is_err());
    assert!(Template::parse("Hello {{}}").is_err());
    assert!(Template::parse("Hello {{a b}}").is_err());
}

proptest! {
    #[test]
    fn whatever_a_file_holds_each_row_is_a_lead_blank_or_skipped_with_a_reason(
        table in prop::collection::vec(prop::collection::vec("\\PC{0,12}|0?5[0-9]{8}", 0..6), 0..12),
    ) {
        let mapping = Mapping::guess(&table, country("IL"));
        prop_assert!(mapping.check().is_ok() || mapping.check() == Err(MappingFault::NoPhone), "{mapping:?}");
        if let Ok(mut import) = Import::new(mapping, country("IL"), BTreeSet::new()) {
            let mut blank = 0;
            for (no, cells) in (1..).zip(&table) {
                if import.row(no, cells) == Row::Blank { blank += 1 }
            }
            let tally = import.tally();
            prop_assert_eq!(tally.leads + tally.skipped + blank, u64::try_from(table.len()).unwrap());
        }
    }
}
