//! `/softphone`, as a browser gets it. What it does in one is told by browsers.

use reqwest::Method;

use crate::day::Day;

#[test]
fn the_softphone_is_there_for_everybody_in_both_languages_with_the_file_to_copy() {
    let day = Day::begin();
    let shown = |language: &str| {
        let page = day.send(day.ask(Method::GET, "/softphone").header("accept-language", language));
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(page.header("content-security-policy").contains("script-src 'self'"));
        assert!(!text.contains(" onclick=") && !text.contains(" style="), "nothing inline");
        text
    };
    let (english, hebrew) = (shown("en"), shown("he"));
    assert!(
        english.contains("Whom to call") && hebrew.contains("dir=\"rtl\"") && hebrew.contains("למי להתקשר")
    );
    for (file, begins) in [("softphone.js", "// The page"), ("trunkline-calls.js", "// Calls between users")]
    {
        let asset = day.send(day.ask(Method::GET, &format!("/assets/{file}")));
        assert_eq!((asset.status, asset.header("content-type")), (200, "text/javascript; charset=utf-8"));
        assert!(asset.text().starts_with(begins));
    }
    // Every word of the scripts that is shown stands on the page.
    for word in
        ["state-talking", "reason-answered-elsewhere", "quality-poor", "trouble-media", "connection-on"]
    {
        assert!(english.contains(&format!("data-{word}=\"")), "{word}");
    }
}
