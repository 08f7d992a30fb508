//! Everything we say by ourselves, in the languages we have words of our own for. To add a language: one constant
//! here, one arm in [`Language::texts`](super::Language::texts).
//!
//! `{{name}}`, `{{key}}` and `{{label}}` are filled in when spoken.

use super::Key;

/// What is asked when there is no usable file.
pub(super) const BUILTIN_QUESTIONS: [&str; 3] = [
    "How are you today?",
    "What could we do better for you?",
    "Is there anything else you would like to tell us?",
];

/// The words of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    /// Greeting when the name isn't known.
    pub greeting: &'static str,
    /// Greeting by name.
    pub greeting_by_name: &'static str,
    /// After the last question.
    pub goodbye: &'static str,
    /// Before a question is asked again.
    pub reprompt: &'static str,
    /// When something of ours breaks.
    pub apology: &'static str,
    /// When a call comes in and no line is free.
    pub capacity: &'static str,
    /// When a call comes in while nobody is there.
    pub closed: &'static str,
    /// While somebody is on hold and hears no music.
    pub hold: &'static str,
    /// Before a call is handed to somebody else.
    pub transfer: &'static str,
    /// What somebody hears to whom a call is to be handed, before they say whether they take it.
    pub consult: &'static str,
    /// The same, where it is known who is on the line.
    pub consult_by_name: &'static str,
    /// How they say so.
    pub consult_keys: &'static str,
    /// When the one it was to be handed to could not be reached.
    pub not_reached: &'static str,
    /// When a bot can't go on, and the script does.
    pub instead_of_bot: &'static str,
    /// When a bot can't go on, and nobody has written questions.
    pub leave_message: &'static str,
    /// How to opt out.
    pub opt_out: &'static str,
    /// After opting out.
    pub opted_out: &'static str,
    /// Whether answers may be recorded.
    pub consent: &'static str,
    /// That a bot is talking.
    pub is_a_bot: &'static str,
    /// What a bot says whose talks are recorded.
    pub is_recorded: &'static str,
    /// How to answer a yes-no question.
    pub yes_no: &'static str,
    /// How to type a number of any length.
    pub number: &'static str,
    /// How to type a number of known length.
    pub digits: &'static str,
    /// How to choose one label.
    pub choice: &'static str,
    /// How to have a question repeated.
    pub repeat: &'static str,
    /// Single words that mean yes.
    pub yes_words: &'static [&'static str],
    /// Single words that mean no.
    pub no_words: &'static [&'static str],
    /// What the digits are called, from zero.
    pub digit_words: [&'static [&'static str]; 10],
    /// Parts of words that show that a question names its keys by itself.
    pub key_words: &'static [&'static str],
    star: &'static str,
    hash: &'static str,
}

impl Texts {
    /// What a key is called.
    #[must_use]
    pub fn key(&self, key: Key) -> String {
        match key {
            Key::STAR => self.star.to_owned(),
            Key::HASH => self.hash.to_owned(),
            digit => digit.to_string(),
        }
    }

    /// English.
    pub const ENGLISH: Self = Self {
        greeting: "Hello. We have a few short questions for you.",
        greeting_by_name: "Hello {{name}}. We have a few short questions for you.",
        goodbye: "Thank you for your time. Goodbye.",
        reprompt: "Sorry, I did not get that.",
        apology: "Sorry, we have a technical problem and must end this call. Goodbye.",
        capacity: "Sorry, all our lines are busy right now. Please call again later. Goodbye.",
        closed: "We are closed now. Please call again during our opening hours. Goodbye.",
        hold: "Please hold the line.",
        transfer: "You are being connected. Please hold the line.",
        consult: "Somebody on the line is to be put through to you.",
        consult_by_name: "{{name}} is on the line, and is to be put through to you.",
        consult_keys: "To take the call press 1, to decline press 2.",
        not_reached: "Sorry, nobody could be reached.",
        instead_of_bot: "Sorry, our assistant cannot go on right now.",
        leave_message: "Please say after the tone who you are and what we can do for you, and we will get back to you.",
        opt_out: "If you never want to be called again, press {{key}}.",
        opted_out: "All right, we will not call you again. Goodbye.",
        consent: "Your answers will be recorded. Do you agree?",
        is_a_bot: "Hello, I am an automated assistant.",
        is_recorded: "This call is recorded.",
        yes_no: "For yes, press 1. For no, press 2.",
        number: "Please enter the number on your keypad, then press {{key}}.",
        digits: "Please enter the number on your keypad.",
        choice: "For {{label}}, press {{key}}.",
        repeat: "To hear the question again, press {{key}}.",
        yes_words: &["yes", "yeah", "yep", "yup", "sure", "ok", "okay", "correct", "right", "absolutely"],
        no_words: &["no", "nope", "nah", "not", "never", "don't", "wrong"],
        digit_words: [
            &["zero", "oh"],
            &["one"],
            &["two"],
            &["three"],
            &["four"],
            &["five"],
            &["six"],
            &["seven"],
            &["eight"],
            &["nine"],
        ],
        key_words: &["press", "keypad"],
        star: "star",
        hash: "the hash key",
    };

    /// Hebrew, addressed to everyone.
    pub const HEBREW: Self = Self {
        greeting: "שלום. יש לנו כמה שאלות קצרות.",
        greeting_by_name: "שלום {{name}}. יש לנו כמה שאלות קצרות.",
        goodbye: "תודה על הזמן שהקדשתם. להתראות.",
        reprompt: "סליחה, לא הבנתי.",
        apology: "סליחה, אירעה תקלה טכנית ועלינו לסיים את השיחה. להתראות.",
        capacity: "סליחה, כל הקווים שלנו תפוסים כרגע. אפשר להתקשר שוב מאוחר יותר. להתראות.",
        closed: "אנחנו סגורים כעת. אפשר להתקשר שוב בשעות הפתיחה. להתראות.",
        hold: "אנא המתינו על הקו.",
        transfer: "השיחה מועברת. אנא המתינו על הקו.",
        consult: "אדם הנמצא על הקו ממתין להעברה אליכם.",
        consult_by_name: "{{name}} על הקו, וממתין להעברה אליכם.",
        consult_keys: "לקבלת השיחה הקישו 1, לדחייתה הקישו 2.",
        not_reached: "סליחה, לא הצלחנו להשיג מענה.",
        instead_of_bot: "סליחה, העוזר הקולי שלנו לא יכול להמשיך כרגע.",
        leave_message: "אנא אמרו אחרי הצליל מי אתם ובמה נוכל לעזור, ונחזור אליכם.",
        opt_out: "כדי שלא נתקשר שוב לעולם, הקישו {{key}}.",
        opted_out: "בסדר, לא נתקשר שוב. להתראות.",
        consent: "התשובות שלכם יוקלטו. האם זה מקובל עליכם?",
        is_a_bot: "שלום, מדבר כאן עוזר אוטומטי.",
        is_recorded: "השיחה מוקלטת.",
        yes_no: "אם כן, הקישו 1. אם לא, הקישו 2.",
        number: "הקישו את המספר ולאחריו {{key}}.",
        digits: "הקישו את המספר.",
        choice: "עבור {{label}}, הקישו {{key}}.",
        repeat: "כדי לשמוע את השאלה שוב, הקישו {{key}}.",
        yes_words: &["כן", "בטח", "בוודאי", "נכון", "אוקיי", "בסדר"],
        no_words: &["לא", "שלילי"],
        digit_words: [
            &["אפס"],
            &["אחת", "אחד"],
            &["שתיים", "שניים"],
            &["שלוש", "שלושה"],
            &["ארבע", "ארבעה"],
            &["חמש", "חמישה"],
            &["שש", "שישה"],
            &["שבע", "שבעה"],
            &["שמונה"],
            &["תשע", "תשעה"],
        ],
        key_words: &["הקש", "הקיש", "לחצ"],
        star: "כוכבית",
        hash: "סולמית",
    };
}
