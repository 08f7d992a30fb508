# Texts of the pages, in English.

skip = Skip to the content
nav-label = Main
nav-calls = Calls
nav-settings-check = Settings check
sign-out = Sign out
since = since
times-in-utc = All times are UTC.
back-to-calls = Back to the calls
not-available = not available

login-title = Sign in
login-why = Names and voices on these pages are personal: they are for holders of an API key.
login-key = API key
login-enter = Sign in
login-wrong = This is not a valid key.
login-too-many = Too many wrong keys. Please wait a minute.

banner-journal = The journal takes no events.
banner-database = The database is not available.
banner-carrier = The carrier does not answer.
banner-scripts = A script can't be read as it stands.
banner-parked = The database refuses a call.
banner-parked-why = It is kept in the journal, and the others go on. The log says which call and why; a restart tries it again.
banner-draining = The server is being drained.
banner-draining-why = Calls that live are finished; new ones are not taken.

counts-label = Counts
count-in-progress = In progress
count-completed = Completed
count-total = All calls
count-database = Database
database-available = Available
database-unavailable = Unavailable

live-title = Live calls
live-count =
    { $count ->
        [0] none now
        [one] one now
       *[other] { $count } now
    }
live-none = Nobody is on the phone.

call-title = Call somebody
call-to = Phone number
call-name = Name
call-script = Script
call-button = Call
call-number-wrong = This number can't be called: { $why }
call-suppressed = This number is on the list of numbers never to call.
call-sent-twice = This form was sent before. If you want another call, please send it again.
call-closed = No new calls are taken now: { $why }
call-journal = The call could not be written down, and so it was not placed.

calls-title = All calls
calls-none = No calls yet. Call somebody, and it will show here.
calls-none-found = No call fits.
history-unavailable = History is not available while the database is away. Only live calls are shown.
search-label = Number or name
search-button = Search
status-any = Any status
pager-label = Pages of calls
pager-newest = Newest
pager-older = Older calls

column-who = Who
column-status = Status
column-script = Script
column-answers = Answers
column-duration = Duration
column-created = Placed

status-initiated = Call initiated
status-ringing = Ringing
status-answered = In progress
status-on_hold = On hold
status-transferring = Transferring
status-completed = Completed
status-failed = Failed
status-busy = Busy
status-no_answer = No answer
status-canceled = Canceled
status-rejected = Rejected
status-missed = Missed

direction-inbound = inbound
direction-outbound = outbound

hang-up = Hang up
hanging-up = Hanging up…
hang-up-sure = Hang up this call?

turns-title = Questions and answers
turns-none = No question has been asked yet.
turn-no-answer = No answer.
turn-asked = { $count ->
    [one] asked once
   *[other] asked { $count } times
    }
answer-recorded = Recorded
answer-yes = Yes
answer-no = No
answer-unclear = Not understood
answer-unclear-heard = Not understood: { $heard }
recording-label = Answer to question { $count }
recording-length = Length { $length }
recording-named = The recording is being made ready by the carrier.
recording-ready = The recording is being fetched.
recording-absent = Nothing was recorded.
recording-failed = The recording could not be fetched: { $why }

facts-title = Facts
fact-disposition = Ended as
fact-outcome = Outcome
fact-duration = Duration
fact-direction = Direction
fact-from = From
fact-to = To
fact-script = Script
fact-session = Session
fact-account = Carrier account
fact-carrier-id = Carrier's id
fact-cost = Cost
fact-id = Our id
time-created = Placed
time-ringing = Rang
time-answered = Answered
time-ended = Ended

outcome-finished = All questions asked
outcome-partial = Broken off

evidence-title = Evidence
evidence-status = Carrier's status
evidence-code = Carrier's code
evidence-cause = Carrier's cause
evidence-sip = SIP code
evidence-q850 = Q.850 cause
evidence-error = Error
evidence-hangup = Hung up by
evidence-source = The end was
evidence-rang = It rang
evidence-ring-time = Rang for
evidence-machine = Taken by
evidence-unclear = Unclear
evidence-unclear-why = The carrier's answer never came: it is being asked what became of the call.
evidence-conflict = Conflict
evidence-conflict-why = The carrier reported a second, different end. The first one stands.

hangup-caller = the caller
hangup-callee = the person called
hangup-us = this server
hangup-carrier = the carrier
hangup-unknown = nobody said
source-of-end-observed = reported
source-of-end-inferred = inferred: nobody reported it
rang-yes = yes
rang-no = no
rang-unknown = nobody said
machine-human = a person
machine-machine = a machine
machine-machine_ready = a machine, its greeting over
machine-fax = a fax
machine-silence = silence
machine-unknown = the carrier can't tell

disposition-completed = Completed
disposition-voicemail = Voicemail
disposition-fax = Fax machine
disposition-abandoned = Abandoned by us
disposition-busy = Busy
disposition-no_answer = No answer
disposition-rejected = Declined by the person
disposition-blocked = Blocked without ringing
disposition-unreachable = Not reachable
disposition-invalid_number = Invalid number
disposition-carrier_failed = Carrier failed
disposition-rate_limited = Too many calls for the carrier
disposition-canceled = Canceled by us
disposition-caller_gave_up = The caller gave up
disposition-missed = Missed
disposition-declined = Declined
disposition-answered_elsewhere = Answered elsewhere
disposition-glare_merged = Merged with a call the other way
disposition-time_limit = Cut at the maximum length
disposition-bot_failed = The bot failed
disposition-rejected_capacity = No capacity
disposition-suppressed = Suppressed: never dialed
disposition-out_of_window = Outside calling hours: never dialed
disposition-duplicate = Called a moment ago: not dialed
disposition-expired = Waited too long
disposition-not_placed = The carrier never got it
disposition-unknown = Unknown

timeline-title = What happened
not-applied = without effect
event-details = Details
source-reconciler = asked the carrier
source-carrier = the carrier
source-engine = this server
source-api = a client

event-requested = Call requested
event-arrived = Call arrived
event-registered = Registered: a client carries it
event-status_reported = Its client says: { $word }
event-unregistered = Taken back by its client
event-dial_started = Dialing begun
event-post_begun = Request sent to the carrier
event-post_unclear = The carrier's answer never came
event-post_refused = The carrier refused
event-requeued = Waits for another attempt
event-accepted = Accepted by the carrier
event-ringing = Ringing
event-answered = Answered
event-ended = Ended
event-ended-as = Ended: { $word }
event-listed_nothing = The carrier lists no such call
event-ruled_not_placed = Ruled: the carrier never got it
event-carrier_silent = The carrier was asked and gave no answer
event-gave_up = Given up: nobody knows how it ended
event-expired = Waited too long
event-gated = Refused by a gate: never dialed
event-hang_up_asked = Hang-up asked for
event-stray_hung_up = A stray call was hung up
event-spoke = A step of the script was spoken
event-spoke-question = Question { $count } asked
event-spoke-goodbye = Good-bye said
event-spoke-apology = Apology said
event-recording = News of a recording
event-recording-named = Recording announced
event-recording-ready = Recording ready at the carrier
event-recording-stored = Recording stored
event-recording-failed = Recording could not be fetched
event-recording-absent = Nothing was recorded
event-transcribed = An answer was transcribed
event-answered_by = Person or machine
event-priced = Price reported
event-metadata_merged = Metadata changed
event-unknown_word = An unknown word from the carrier

parts-title = Parts of the server
part-journal = Journal
part-database = Database
part-cache = Cache
part-carrier = Carrier
part-scripts = Scripts
part-webhooks = Webhooks
webhooks-refused =
    { $count ->
        [one] One request was refused since the start, because its signature was not the carrier's. If it was the carrier's, PUBLIC_URL or the token is wrong.
       *[other] { $count } requests were refused since the start, because their signature was not the carrier's. If they were the carrier's, PUBLIC_URL or the token is wrong.
    }
findings-title = Settings
addresses-title = Addresses for the carrier
addresses-why = Outbound calls carry these by themselves; a number that takes calls must be told.
address-answer = A call comes in
address-fallback = If that fails
address-status = Call status changes
check-good = good
check-doubtful = doubtful
check-wrong = wrong

problem-not_found = There is nothing here
problem-forbidden = This is not allowed
problem-history_unavailable = History can't be read now
problem-invalid_query = This can't be searched for
problem-journal_full = The journal has no room
problem-journal_failed = The journal failed
problem-payload_too_large = This is too long

nav-campaigns = Campaigns
campaigns-none = No campaign was made yet. One is made by the API or by: trunkline campaign new
campaign-back = All campaigns
campaign-cost = Cost
campaign-without-price = calls without a price so far
campaign-set-aside = This campaign was set aside and calls nobody: { $why }.
campaign-script = Script
campaign-pace = Pace
campaign-progress = Progress
campaign-of = { $count } in all
campaign-state-draft = Draft
campaign-state-running = Running
campaign-state-paused = Paused
campaign-state-draining = Finishing its calls
campaign-state-finished = Finished
campaign-state-cancelled = Cancelled
campaign-start = Start
campaign-pause = Pause
campaign-resume = Resume
campaign-drain = Finish open calls, begin none
campaign-cancel = Cancel
campaign-cancel-sure = Cancel this campaign? Whoever waits will not be called.
bucket-waiting = Waiting
bucket-in_progress = In progress
bucket-completed = Reached
bucket-failed = Not reached
bucket-skipped = Never called
bucket-canceled = Cancelled
bucket-parked = Set aside
picture-title = Calls of the last hour
picture-none = No calls in the last hour.
picture-label = Calls begun in each minute of the last hour, by what became of them
picture-minute = Minute
open-jobs-title = On the phone now
waiting-jobs-title = Next in line
jobs-none = Nobody.
job-call-back = called back at { $at } UTC, as they asked
job-gate = Why not now
job-due = When
job-attempts = Tries
gate-none = next in line

# Why somebody is not called now. { $of } is one of the limit-of- or cap-of- texts below.
gate-suppressed = The number is on the list of numbers never to call.
gate-not_allowed = Such numbers are not called: { $why }.
gate-not_before = It is not to be called before its time.
gate-retry_not_due = The last call did not reach them; the next try is not due yet.
gate-call_back = They are called back at { $at } UTC, as they asked.
gate-out_of_window = It is not an hour for calls where they are.
gate-out_of_window-until = Outside calling hours until { $time } in { $zone }, on { $day }.
gate-window_never_opens = There is no hour at which they may be called: { $why }.
gate-duplicate = The same person was called a moment ago, or is being called.
gate-same_pair_open = Another call to the same number is not over yet.
gate-person_budget = They have been called often enough for now.
gate-campaign_not_started = The campaign has not been started.
gate-campaign_paused = The campaign is paused.
gate-campaign_draining = The campaign finishes its open calls and begins no more.
gate-campaign_over = The campaign is over.
gate-campaign_lacks = The campaign can't go on: { $what }.
gate-daily_cap = The day's { $of } are used up: { $limit }.
gate-circuit_open = The carrier fails too often; it is left alone for a while.
gate-no_slot = All { $limit } lines are taken: the limit of { $of }.
gate-cps = The carrier takes no more new calls this second.
gate-pace = No more new calls this second: the pace of { $of }.
gate-draining = The server is being drained: it begins no more calls.
gate-catching_up = The server is still catching up with its own records.
gate-database_away = The database is not available: nothing new is begun.
gate-journal_full = The journal has no room.
gate-too_many_live = The server holds as many live calls as it may: { $limit }.

# The same for many people at once.
gates-suppressed = never to call
gates-not_allowed = number not allowed
gates-not_before = not before their time
gates-retry_not_due = next try not due
gates-call_back = to be called back
gates-out_of_window = outside calling hours
gates-window_never_opens = no hour for calls
gates-duplicate = called a moment ago
gates-same_pair_open = being called
gates-person_budget = called often enough
gates-campaign_not_started = campaign not started
gates-campaign_paused = campaign paused
gates-campaign_draining = campaign being drained
gates-campaign_over = campaign over
gates-campaign_lacks = campaign lacks something
gates-daily_cap = day used up
gates-circuit_open = carrier left alone
gates-no_slot = all lines taken
gates-cps = carrier's pace
gates-pace = own pace
gates-draining = server being drained
gates-catching_up = server catching up
gates-database_away = database away
gates-journal_full = journal full
gates-too_many_live = too many live calls

denied-test_mode = only the test numbers are called
denied-prefix = numbers that begin so are denied
denied-risky = fraud often calls there, and the country is not on the list
denied-country = the country is not on the list
denied-premium = premium-rate numbers are denied
denied-satellite = satellite and worldwide networks are denied

lacking-script = its script is not there
lacking-caller_id = it has no number to call from
lacking-policy = its row in the database can't be read
never-unknown_zone = nobody knows their time zone
never-no_hours = the campaign has no hours, or only holidays
never-no_common_hour = the number may be in several time zones, and no hour suits them all

limit-of-system = the whole server
limit-of-carrier = the carrier account
limit-of-tenant = the tenant
limit-of-tenant_outbound = the tenant's outbound calls
limit-of-campaign = the campaign
limit-of-inbound_reserve = what is kept free for inbound calls

cap-of-campaign = calls of the campaign
cap-of-tenant_calls = calls of the tenant
cap-of-tenant_minutes = minutes of the tenant

docs-title = The API
docs-machine = OpenAPI document
docs-errors = Errors
docs-chapters = Chapters
docs-shapes = What answers are made of
docs-name = Name
docs-kind = What it is
docs-meaning = Meaning
docs-needed = needed
docs-parameters = Parameters
docs-body = Body
docs-fields = Fields
docs-answers = Answers
docs-example = Example
docs-status = Status
docs-when = When
docs-then = What to do

nav-analytics = Analytics
analytics-since = From
analytics-until = Before
analytics-by = By
analytics-by-day = By day
analytics-by-carrier = By carrier
analytics-by-campaign = By campaign
analytics-by-script = By script
analytics-show = Show
analytics-nothing = No calls in these days.
analytics-none = none
analytics-label = Calls, answered and not
analytics-key = What
analytics-calls = Calls
analytics-answered = Answered
analytics-not-answered = Not answered
analytics-rate = Answer rate
analytics-talk = Talk
analytics-median = Median talk
analytics-ends = How they ended
analytics-total = Together
analytics-csv = As CSV
analytics-questions = How far people came:
analytics-question = Question
analytics-reached = Asked
analytics-replied = Answered it
results-csv = Answers as CSV
results-xlsx = Answers as a workbook
