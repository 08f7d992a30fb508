# Texts of the pages, in Hebrew.

skip = דילוג לתוכן
nav-label = ראשי
nav-calls = שיחות
nav-settings-check = בדיקת הגדרות
sign-out = יציאה
since = מאז
times-in-utc = כל השעות הן לפי UTC.
back-to-calls = חזרה לשיחות
not-available = לא זמין

login-title = כניסה
login-why = השמות והקולות בדפים אלה הם אישיים ומיועדים למחזיקי מפתח API.
login-key = מפתח API
login-enter = כניסה
login-wrong = המפתח אינו תקף.
login-too-many = יותר מדי מפתחות שגויים. נא להמתין דקה.

banner-journal = היומן אינו מקבל אירועים.
banner-database = מסד הנתונים אינו זמין.
banner-carrier = ספק הטלפוניה אינו עונה.
banner-scripts = לא ניתן לקרוא שאלון אחד במצבו הנוכחי.
banner-parked = מסד הנתונים דוחה שיחה.
banner-parked-why = השיחה נשמרת ביומן, והאחרות ממשיכות. הקובץ של רישום האירועים מציין איזו שיחה ומדוע; הפעלה מחדש תנסה שוב.
banner-draining = השרת מסיים את פעולתו.
banner-draining-why = שיחות פעילות יושלמו; שיחות חדשות אינן מתקבלות.

counts-label = מספרים
count-in-progress = מתקיימות כעת
count-completed = הושלמו
count-total = כל השיחות
count-database = מסד נתונים
database-available = זמין
database-unavailable = לא זמין

live-title = שיחות פעילות
live-count =
    { $count ->
        [0] אין כעת
        [one] אחת כעת
       *[other] { $count } כעת
    }
live-none = איש אינו על הקו.

call-title = שיחה חדשה
call-to = מספר טלפון
call-name = שם
call-script = שאלון
call-button = חיוג
call-number-wrong = לא ניתן לחייג למספר זה: { $why }
call-suppressed = המספר נמצא ברשימת המספרים שאין לחייג אליהם.
call-sent-twice = הטופס כבר נשלח. לשיחה נוספת, נא לשלוח שוב.
call-closed = שיחות חדשות אינן מתקבלות כעת: { $why }
call-journal = לא ניתן היה לרשום את השיחה, ולכן היא לא בוצעה.

calls-title = כל השיחות
calls-none = אין עדיין שיחות. שיחה חדשה תופיע כאן.
calls-none-found = אין שיחה מתאימה.
history-unavailable = ההיסטוריה אינה זמינה כל עוד מסד הנתונים אינו זמין. מוצגות שיחות פעילות בלבד.
search-label = מספר או שם
search-button = חיפוש
status-any = כל מצב
pager-label = דפי שיחות
pager-newest = החדשות ביותר
pager-older = שיחות קודמות

column-who = מי
column-status = מצב
column-script = שאלון
column-answers = תשובות
column-duration = משך
column-created = נוצרה

status-initiated = השיחה נוצרה
status-ringing = מצלצל
status-answered = בשיחה
status-on_hold = בהמתנה
status-transferring = בהעברה
status-completed = הושלמה
status-failed = נכשלה
status-busy = תפוס
status-no_answer = אין מענה
status-canceled = בוטלה
status-rejected = נדחתה
status-missed = לא נענתה

direction-inbound = נכנסת
direction-outbound = יוצאת

hang-up = ניתוק
hanging-up = מנתק…
hang-up-sure = לנתק את השיחה?

turns-title = שאלות ותשובות
turns-none = עדיין לא נשאלה שאלה.
turn-no-answer = אין תשובה.
turn-asked = { $count ->
    [one] נשאלה פעם אחת
   *[other] נשאלה { $count } פעמים
    }
answer-recorded = הוקלטה
answer-yes = כן
answer-no = לא
answer-unclear = לא הובנה
answer-unclear-heard = לא הובנה: { $heard }
recording-label = תשובה לשאלה { $count }
recording-length = אורך { $length }
recording-named = ההקלטה בהכנה אצל ספק הטלפוניה.
recording-ready = ההקלטה בהורדה.
recording-absent = לא הוקלט דבר.
recording-failed = לא ניתן היה להוריד את ההקלטה: { $why }

facts-title = פרטים
fact-disposition = הסתיימה כ־
fact-outcome = תוצאה
fact-duration = משך
fact-direction = כיוון
fact-from = מאת
fact-to = אל
fact-script = שאלון
fact-session = התקשרות
fact-account = חשבון אצל הספק
fact-carrier-id = מזהה אצל הספק
fact-cost = עלות
fact-id = המזהה שלנו
time-created = נוצרה
time-ringing = צלצלה
time-answered = נענתה
time-ended = הסתיימה

outcome-finished = כל השאלות נשאלו
outcome-partial = נקטעה

evidence-title = ראיות
evidence-status = מצב לפי הספק
evidence-code = קוד הספק
evidence-cause = סיבה לפי הספק
evidence-sip = קוד SIP
evidence-q850 = סיבת Q.850
evidence-error = שגיאה
evidence-hangup = נותקה בידי
evidence-source = הסיום
evidence-rang = צלצלה
evidence-ring-time = משך הצלצול
evidence-machine = נענתה בידי
evidence-unclear = לא ברור
evidence-unclear-why = תשובת הספק לא הגיעה: הספק נשאל מה עלה בגורל השיחה.
evidence-conflict = סתירה
evidence-conflict-why = הספק דיווח על סיום שני, שונה. הראשון קובע.

hangup-caller = המתקשר
hangup-callee = מי שחייגו אליו
hangup-us = שרת זה
hangup-carrier = הספק
hangup-unknown = לא דווח
source-of-end-observed = דווח
source-of-end-inferred = הוסק: איש לא דיווח עליו
rang-yes = כן
rang-no = לא
rang-unknown = לא דווח
machine-human = אדם
machine-machine = משיבון
machine-machine_ready = משיבון, בתום הברכה
machine-fax = פקס
machine-silence = שתיקה
machine-unknown = הספק אינו יודע

disposition-completed = הושלמה
disposition-voicemail = תא קולי
disposition-fax = פקס
disposition-abandoned = ננטשה על ידינו
disposition-busy = תפוס
disposition-no_answer = אין מענה
disposition-rejected = נדחתה בידי האדם
disposition-blocked = נחסמה בלי צלצול
disposition-unreachable = לא ניתן להשיג
disposition-invalid_number = מספר שגוי
disposition-carrier_failed = כשל אצל הספק
disposition-rate_limited = יותר מדי שיחות לספק
disposition-canceled = בוטלה על ידינו
disposition-caller_gave_up = המתקשר ויתר
disposition-missed = לא נענתה
disposition-declined = נדחתה
disposition-answered_elsewhere = נענתה במקום אחר
disposition-glare_merged = מוזגה עם שיחה בכיוון ההפוך
disposition-time_limit = נקטעה באורך המרבי
disposition-bot_failed = הבוט נכשל
disposition-rejected_capacity = אין קיבולת
disposition-suppressed = חסום: מעולם לא חויג
disposition-out_of_window = מחוץ לשעות החיוג: לא חויג
disposition-duplicate = חויג לפני רגע: לא חויג שוב
disposition-expired = המתינה זמן רב מדי
disposition-not_placed = הספק מעולם לא קיבל אותה
disposition-unknown = לא ידוע

timeline-title = מה קרה
not-applied = ללא השפעה
event-details = פרטים
source-reconciler = הספק נשאל
source-carrier = הספק
source-engine = שרת זה
source-api = לקוח

event-requested = התבקשה שיחה
event-arrived = הגיעה שיחה
event-registered = נרשמה: לקוח מנהל אותה
event-status_reported = דיווח הלקוח: { $word }
event-unregistered = הלקוח ביטל את הרישום
event-dial_started = החיוג החל
event-post_begun = הבקשה נשלחה לספק
event-post_unclear = תשובת הספק לא הגיעה
event-post_refused = הספק סירב
event-requeued = ממתינה לניסיון נוסף
event-accepted = התקבלה אצל הספק
event-ringing = מצלצל
event-answered = נענתה
event-ended = הסתיימה
event-ended-as = הסתיימה: { $word }
event-listed_nothing = הספק אינו מכיר שיחה כזאת
event-ruled_not_placed = נקבע: הספק מעולם לא קיבל אותה
event-carrier_silent = הספק נשאל ולא ענה
event-gave_up = לא ידוע כיצד הסתיימה
event-expired = המתינה זמן רב מדי
event-gated = סורבה: מעולם לא חויג
event-hang_up_asked = התבקש ניתוק
event-stray_hung_up = שיחה תועה נותקה
event-spoke = נאמר שלב בשאלון
event-spoke-question = נשאלה שאלה { $count }
event-spoke-goodbye = נאמרה פרידה
event-spoke-apology = נאמרה התנצלות
event-recording = חדשות על הקלטה
event-recording-named = הקלטה הוכרזה
event-recording-ready = ההקלטה מוכנה אצל הספק
event-recording-stored = ההקלטה נשמרה
event-recording-failed = לא ניתן היה להוריד את ההקלטה
event-recording-absent = לא הוקלט דבר
event-transcribed = תשובה תומללה
event-answered_by = אדם או משיבון
event-priced = דווח מחיר
event-metadata_merged = הנתונים הנלווים השתנו
event-unknown_word = מילה לא מוכרת מהספק

parts-title = חלקי השרת
part-journal = יומן
part-database = מסד נתונים
part-cache = מטמון
part-carrier = ספק טלפוניה
part-scripts = שאלונים
part-webhooks = פניות הספק
webhooks-refused =
    { $count ->
        [one] פנייה אחת נדחתה מאז ההפעלה, כי חתימתה אינה של הספק. אם היא של הספק, הכתובת PUBLIC_URL או האסימון שגויים.
       *[other] { $count } פניות נדחו מאז ההפעלה, כי חתימתן אינה של הספק. אם הן של הספק, הכתובת PUBLIC_URL או האסימון שגויים.
    }
findings-title = הגדרות
addresses-title = כתובות עבור הספק
addresses-why = שיחות יוצאות נושאות אותן בעצמן; למספר שמקבל שיחות יש למסור אותן.
address-answer = נכנסת שיחה
address-fallback = אם זה נכשל
address-status = מצב השיחה משתנה
check-good = תקין
check-doubtful = בספק
check-wrong = שגוי

problem-not_found = אין כאן דבר
problem-forbidden = פעולה זו אינה מותרת
problem-history_unavailable = לא ניתן לקרוא את ההיסטוריה כעת
problem-invalid_query = לא ניתן לחפש זאת
problem-journal_full = אין מקום ביומן
problem-journal_failed = היומן נכשל
problem-payload_too_large = ארוך מדי

nav-campaigns = קמפיינים
campaigns-none = עוד לא נוצר קמפיין. יוצרים אחד דרך ה־API או בפקודה trunkline campaign new
campaign-back = כל הקמפיינים
campaign-cost = עלות
campaign-without-price = שיחות שמחירן עוד לא ידוע
campaign-set-aside = הקמפיין הושם בצד ואינו מתקשר לאיש: { $why }.
campaign-script = תסריט
campaign-pace = קצב
campaign-progress = התקדמות
campaign-of = { $count } בסך הכול
campaign-state-draft = טיוטה
campaign-state-running = פעיל
campaign-state-paused = מושהה
campaign-state-draining = מסיים את שיחותיו
campaign-state-finished = הסתיים
campaign-state-cancelled = בוטל
campaign-start = התחלה
campaign-pause = השהיה
campaign-resume = המשך
campaign-drain = לסיים שיחות פתוחות ולא להתחיל חדשות
campaign-cancel = ביטול
campaign-cancel-sure = לבטל את הקמפיין? למי שממתין לא יתקשרו.
bucket-waiting = ממתינים
bucket-in_progress = בשיחה
bucket-completed = הושגו
bucket-failed = לא הושגו
bucket-skipped = לא חויגו
bucket-canceled = בוטלו
bucket-parked = הונחו בצד
picture-title = שיחות השעה האחרונה
picture-none = אין שיחות בשעה האחרונה.
picture-label = שיחות שהתחילו בכל דקה של השעה האחרונה, לפי תוצאתן
picture-minute = דקה
open-jobs-title = בטלפון עכשיו
waiting-jobs-title = הבאים בתור
jobs-none = אין איש.
job-call-back = חוזרים אליהם בשעה { $at } UTC, כפי שביקשו
job-gate = למה לא עכשיו
job-due = מתי
job-attempts = ניסיונות
gate-none = הבא בתור

# Why somebody is not called now. { $of } is one of the limit-of- or cap-of- texts below.
gate-suppressed = המספר נמצא ברשימת המספרים שאין לחייג אליהם.
gate-not_allowed = אין מחייגים למספרים כאלה: { $why }.
gate-not_before = אין לחייג לפני המועד שנקבע.
gate-retry_not_due = השיחה האחרונה לא הגיעה אליהם; מועד הניסיון הבא עוד לא הגיע.
gate-call_back = חוזרים אליהם בשעה { $at } UTC, כפי שביקשו.
gate-out_of_window = זו אינה שעה לשיחות במקום שבו הם נמצאים.
gate-out_of_window-until = מחוץ לשעות השיחה עד { $time } לפי שעון { $zone }, בתאריך { $day }.
gate-window_never_opens = אין שעה שבה מותר לחייג אליהם: { $why }.
gate-duplicate = חייגו לאותו אדם לפני רגע, או שמחייגים אליו כעת.
gate-same_pair_open = שיחה אחרת לאותו מספר עוד לא הסתיימה.
gate-person_budget = כבר חייגו אליהם די פעמים לעת עתה.
gate-campaign_not_started = הקמפיין עוד לא התחיל.
gate-campaign_paused = הקמפיין מושהה.
gate-campaign_draining = הקמפיין מסיים את השיחות הפתוחות ואינו מתחיל חדשות.
gate-campaign_over = הקמפיין הסתיים.
gate-campaign_lacks = הקמפיין לא יכול להמשיך: { $what }.
gate-daily_cap = המכסה היומית של { $of } נוצלה: { $limit }.
gate-circuit_open = אצל ספק הטלפוניה יש יותר מדי כשלים; מניחים לו לזמן מה.
gate-no_slot = כל { $limit } הקווים תפוסים: המגבלה של { $of }.
gate-cps = ספק הטלפוניה אינו מקבל עוד שיחות חדשות בשנייה זו.
gate-pace = אין עוד שיחות חדשות בשנייה זו: הקצב של { $of }.
gate-draining = השרת מסיים את פעולתו ואינו מתחיל שיחות חדשות.
gate-catching_up = השרת עדיין משלים פערים.
gate-database_away = מסד הנתונים אינו זמין: לא מתחילים שיחות חדשות.
gate-journal_full = אין מקום ביומן.
gate-too_many_live = השרת מחזיק מספר מרבי של שיחות פעילות: { $limit }.

# The same for many people at once.
gates-suppressed = אין לחייג
gates-not_allowed = מספר אסור
gates-not_before = לפני המועד
gates-retry_not_due = הניסיון הבא עוד לא הגיע
gates-call_back = ממתינים לשיחה חוזרת
gates-out_of_window = מחוץ לשעות החיוג
gates-window_never_opens = אין שעה לחיוג
gates-duplicate = חייגו לפני רגע
gates-same_pair_open = מחייגים כעת
gates-person_budget = חייגו די פעמים
gates-campaign_not_started = הקמפיין לא התחיל
gates-campaign_paused = הקמפיין מושהה
gates-campaign_draining = הקמפיין בסיום
gates-campaign_over = הקמפיין הסתיים
gates-campaign_lacks = חסר משהו בקמפיין
gates-daily_cap = המכסה היומית נוצלה
gates-circuit_open = מניחים לספק
gates-no_slot = כל הקווים תפוסים
gates-cps = קצב הספק
gates-pace = קצב עצמי
gates-draining = השרת בסיום
gates-catching_up = השרת משלים פערים
gates-database_away = מסד הנתונים אינו זמין
gates-journal_full = היומן מלא
gates-too_many_live = יותר מדי שיחות פעילות

denied-test_mode = מחייגים רק למספרי הבדיקה
denied-prefix = מספרים שמתחילים כך אסורים
denied-risky = יעד שכיח להונאה, והמדינה אינה ברשימה
denied-country = המדינה אינה ברשימה
denied-premium = מספרים בתעריף מיוחד אסורים
denied-satellite = רשתות לוויין ורשתות כלל־עולמיות אסורות

lacking-script = התסריט שלו איננו
lacking-caller_id = אין לו מספר להתקשר ממנו
lacking-policy = אי אפשר לקרוא את הרשומה שלו במסד הנתונים
never-unknown_zone = אזור הזמן שלהם אינו ידוע
never-no_hours = לקמפיין אין שעות, או רק ימי חג
never-no_common_hour = המספר עשוי להיות בכמה אזורי זמן, ואין שעה שמתאימה לכולם

limit-of-system = השרת כולו
limit-of-carrier = חשבון הספק
limit-of-tenant = הארגון
limit-of-tenant_outbound = השיחות היוצאות של הארגון
limit-of-campaign = הקמפיין
limit-of-inbound_reserve = הקווים השמורים לשיחות נכנסות

cap-of-campaign = שיחות הקמפיין
cap-of-tenant_calls = שיחות הארגון
cap-of-tenant_minutes = דקות הארגון

docs-title = ממשק ה-API
docs-machine = מסמך OpenAPI
docs-errors = שגיאות
docs-chapters = פרקים
docs-shapes = ממה מורכבות התשובות
docs-name = שם
docs-kind = מהו
docs-meaning = משמעות
docs-needed = חובה
docs-parameters = פרמטרים
docs-body = גוף הבקשה
docs-fields = שדות
docs-answers = תשובות
docs-example = דוגמה
docs-status = סטטוס
docs-when = מתי
docs-then = מה לעשות

nav-analytics = ניתוח
analytics-since = מתאריך
analytics-until = לפני
analytics-by = לפי
analytics-by-day = לפי יום
analytics-by-carrier = לפי ספק
analytics-by-campaign = לפי קמפיין
analytics-by-script = לפי תסריט
analytics-show = הצגה
analytics-nothing = אין שיחות בימים האלה.
analytics-none = ללא
analytics-label = שיחות שנענו ושלא נענו
analytics-key = מה
analytics-calls = שיחות
analytics-answered = נענו
analytics-not-answered = לא נענו
analytics-rate = שיעור מענה
analytics-talk = זמן שיחה
analytics-median = שיחה חציונית
analytics-ends = איך הסתיימו
analytics-total = ביחד
analytics-csv = כקובץ CSV
analytics-questions = עד לאן הגיעו:
analytics-question = שאלה
analytics-reached = נשאלו
analytics-replied = ענו
results-csv = תשובות כקובץ CSV
results-xlsx = תשובות כגיליון
