//! Carries frames between a carrier's media stream and a model, as the core's bridge says. Nothing is decided here.

use super::taping::Taping;
use super::tools::AskedTool;
use super::writing::Writer;
use crate::engine::Inner;
use crate::live::Handle;
use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use trunkline_core::bridge::{
    Act, Bridge, CarrierDoes, CarrierSays, Input, ModelDoes, ModelSays, Then, ToolAnswer, WhyLost,
};
use trunkline_core::call::{AnsweredBy, BotNews, BotOver, EntryNo, State, Tokens, Words};
use trunkline_core::campaign::Act as OnVerdict;
use trunkline_core::id::CallId;
use trunkline_media::realtime::{Ears, ModelAddress, Mouth, connect};

/// How often the call is looked at: whether it goes on, and who has taken it.
const LOOK: Duration = Duration::from_millis(250);
/// The shortest wait for a deadline.
const SOON: Duration = Duration::from_millis(1);

/// How long a carrier may take to tell of the end of a call whose stream is over.
const END_IS_TOLD: Duration = Duration::from_secs(2);

/// What the model is told of a tool when the journal takes no more.
const NOT_WRITTEN: &str = "{\"done\":false,\"why\":\"failed\",\"now\":\"It did not work, and nothing was changed. Promise nothing.\"}";

type Connecting = Pin<Box<dyn Future<Output = Result<(Mouth, Ears), WhyLost>> + Send>>;

/// One media stream, while it lasts.
struct Session {
    inner: Arc<Inner>,
    handle: Handle,
    call: CallId,
    /// Which of the call's streams it is.
    stream: u16,
    bridge: Bridge,
    address: ModelAddress,
    says: mpsc::Receiver<CarrierSays>,
    /// Gone once the carrier is to go on without us.
    does: Option<mpsc::Sender<CarrierDoes>>,
    connecting: Option<Connecting>,
    model: Option<(Mouth, Ears)>,
    tools: JoinSet<ToolAnswer>,
    writer: Writer,
    /// The recording, if one is made.
    taping: Option<Taping>,
    /// Answers whose wait is measured.
    counted: BTreeSet<EntryNo>,
    /// The tokens that are measured.
    told: Tokens,
    taken_by: Option<AnsweredBy>,
    /// The carrier has said all that it will.
    is_gone: bool,
    /// It has said that the stream is over, as it does when somebody hangs up; or the bot has done with the call.
    is_ended: bool,
}

/// What wakes a session up.
enum Woken {
    By(Vec<Input>),
    Connected(Result<(Mouth, Ears), WhyLost>),
    Looked,
    Stopped,
}

/// Begins to carry frames. Without a model, or a bot, the call goes on with its script at once.
pub(super) async fn begin(
    inner: &Arc<Inner>,
    handle: &Handle,
    stream: u16,
    says: mpsc::Receiver<CarrierSays>,
    does: mpsc::Sender<CarrierDoes>,
) {
    let call = handle.lock().call.clone();
    let writer = Writer::new(inner, handle);
    let brief = inner.stream_brief(&call).await;
    let (Some(brief), Some(address), Some(talk)) = (brief, inner.config.bots.model.clone(), &call.bot) else {
        tracing::error!(call = %call.id, "bot.not_there: the script goes on instead");
        inner.tasks.spawn(async move {
            writer.write(BotNews::Over { why: BotOver::Failed }).await;
            writer.written().await.await;
            drop(does);
        });
        return;
    };
    let (bridge, acts) = Bridge::begin(brief, stream, talk, inner.clock.now());
    let session = Session {
        inner: inner.clone(),
        handle: handle.clone(),
        call: call.id,
        stream,
        bridge,
        address,
        says,
        does: Some(does),
        connecting: None,
        model: None,
        tools: JoinSet::new(),
        writer,
        taping: inner.tape(handle, &call, stream),
        counted: BTreeSet::new(),
        told: Tokens::default(),
        taken_by: None,
        is_gone: false,
        is_ended: false,
    };
    inner.tasks.spawn(session.carry(acts));
}

impl Session {
    async fn carry(mut self, acts: Vec<Act>) {
        tracing::info!(call = %self.call, "bot.stream: open");
        self.perform(acts).await;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.bridge.is_done() {
            if self.is_gone {
                // Nobody hears anything any more, whatever texts are still to come.
                self.taping.take().into_iter().for_each(Taping::end);
            }
            if self.is_replaced() {
                // Its socket died without a word, and the carrier has opened another: what comes in here is not the call's any more.
                tracing::warn!(call = %self.call, stream = self.stream, "bot.stream: replaced");
                self.is_gone = true;
                self.take(vec![Input::Carrier(CarrierSays::Lost)]).await;
                continue;
            }
            let due = match self.bridge.deadline() {
                Some(at) => self.inner.clock.until(at).max(SOON),
                None => LOOK,
            };
            let woken = tokio::select! {
                biased;
                () = self.inner.stop.cancelled(), if !self.is_gone => Woken::Stopped,
                said = self.says.recv(), if !self.is_gone => match said {
                    Some(said) => {
                        self.is_gone = said == CarrierSays::Stopped;
                        self.is_ended = self.is_gone;
                        Woken::By(vec![Input::Carrier(said)])
                    }
                    None => {
                        self.is_gone = true;
                        Woken::By(vec![Input::Carrier(CarrierSays::Lost)])
                    }
                },
                said = heard(&mut self.model) => Woken::By(said.into_iter().map(Input::Model).collect()),
                connected = connected(&mut self.connecting) => Woken::Connected(connected),
                Some(done) = self.tools.join_next() => match done {
                    Ok(answer) => Woken::By(vec![Input::Tool(answer)]),
                    // It died: the bridge tells the model when its time is up.
                    Err(_) => Woken::By(Vec::new()),
                },
                _ = looks.tick() => Woken::Looked,
                () = tokio::time::sleep(due) => Woken::By(vec![Input::Tick]),
            };
            match woken {
                Woken::By(inputs) => self.take(inputs).await,
                Woken::Looked => self.look().await,
                Woken::Stopped => {
                    self.is_gone = true;
                    self.take(vec![Input::Carrier(CarrierSays::Lost)]).await;
                }
                Woken::Connected(Ok(model)) => {
                    (self.connecting, self.model) = (None, Some(model));
                    self.take(vec![Input::Model(ModelSays::Opened)]).await;
                }
                Woken::Connected(Err(why)) => {
                    self.connecting = None;
                    self.take(vec![Input::Model(ModelSays::Lost(why))]).await;
                }
            }
        }
        drop(self.does.take());
        self.taping.take().into_iter().for_each(Taping::end);
        self.writer.written().await.await;
        tracing::info!(call = %self.call, "bot.stream: over");
        let leg = {
            let live = self.handle.lock();
            live.call.leg().carrier_call_id.clone().map(|id| (live.call.leg().account.clone(), id))
        };
        if let Some((account, leg)) = leg {
            self.inner.stream_is_over(&account, &leg);
        }
        if self.is_ended {
            self.ask_for_the_end();
        }
    }

    /// Somebody has hung up, most likely, or will be hung up on, and not every number tells of the end: the carrier is asked, instead
    /// of in minutes.
    fn ask_for_the_end(self) {
        let Self { inner, handle, .. } = self;
        inner.clone().tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(inner.clock.really(END_IS_TOLD)) => {}
                () = inner.stop.cancelled() => return,
            }
            let leg = {
                let live = handle.lock();
                (live.call.state() == State::Answered).then(|| live.call.leg().no)
            };
            if let Some(leg) = leg {
                inner.ask(handle, leg);
            }
        });
    }

    /// Whether the carrier has opened a later stream, while this one still takes itself for the caller's.
    fn is_replaced(&self) -> bool {
        let live = self.handle.lock();
        !self.is_gone && live.call.bot.as_ref().is_some_and(|talk| talk.connected_after(self.stream))
    }

    /// Whether the call goes on, and who has taken it.
    async fn look(&mut self) {
        let (is_over, by) = {
            let live = self.handle.lock();
            // What a campaign wants of machines is its own: it may talk to them, or leave a message by a page that ends this stream.
            let ends = |by: &AnsweredBy| {
                live.call.job.as_ref().is_none_or(|of| of.machine.on(Some(*by)) == OnVerdict::HangUp)
            };
            (live.call.state() >= State::Ending, live.call.leg().answered_by.filter(ends))
        };
        let mut inputs = Vec::new();
        if is_over && !self.is_gone {
            self.is_gone = true;
            inputs.push(Input::Carrier(CarrierSays::Stopped));
        }
        if let Some(by) = by.filter(|_| by != self.taken_by) {
            self.taken_by = Some(by);
            inputs.push(Input::TakenBy(by));
        }
        self.take(inputs).await;
    }

    async fn take(&mut self, inputs: Vec<Input>) {
        let mut inputs = VecDeque::from(inputs);
        while let Some(input) = inputs.pop_front() {
            if let Input::Model(ModelSays::Lost(_) | ModelSays::Expired) = &input {
                self.model = None;
            }
            if let Input::Model(ModelSays::Complains { code }) = &input {
                tracing::warn!(call = %self.call, code, "bot.model_complains");
            }
            if let (Input::Carrier(says), Some(taping)) = (&input, &mut self.taping) {
                taping.hears(says);
            }
            let acts = self.bridge.take(self.inner.clock.now(), input);
            inputs.extend(self.perform(acts).await);
        }
    }

    /// Does what the bridge says, in its order; what comes of it at once.
    async fn perform(&mut self, acts: Vec<Act>) -> Option<Input> {
        let mut lost = None;
        for act in acts {
            match act {
                Act::Carrier(does) => self.tell_carrier(does),
                Act::Model(mut does) => {
                    if let ModelDoes::ToolAnswered { output, .. } = &mut does {
                        // What the caller is told to be done is on the disk before the model can say so.
                        if !self.writer.written().await.await {
                            *output = NOT_WRITTEN.to_owned();
                        }
                    }
                    lost = self.tell_model(&does).or(lost);
                }
                Act::OpenModel => {
                    self.model = None;
                    let address = self.address.clone();
                    self.connecting = Some(Box::pin(async move { connect(&address).await }));
                }
                Act::CloseModel => (self.model, self.connecting) = (None, None),
                Act::Journal(mut news) => {
                    if let BotNews::Used { used, .. } = &mut news {
                        used.cost = self.inner.config.bots.prices.cost(used);
                    }
                    self.count(&news);
                    if let BotNews::ModelLost { why, .. } = &news {
                        tracing::warn!(call = %self.call, why, "bot.model_lost");
                    }
                    self.writer.write(news).await;
                }
                Act::AskTool { id, name, arguments, .. } => {
                    let written = self.writer.written().await;
                    let (inner, handle) = (self.inner.clone(), self.handle.clone());
                    let asked = AskedTool { id, name, arguments };
                    self.tools.spawn(async move {
                        if written.await {
                            return inner.use_tool(&handle, asked).await;
                        }
                        // Nothing is done that nobody will know of.
                        ToolAnswer {
                            id: asked.id,
                            output: NOT_WRITTEN.to_owned(),
                            did: None,
                            then: Then::GoOn,
                        }
                    });
                }
                Act::Finish(why) => {
                    tracing::info!(call = %self.call, why = why.as_str(), "bot.over");
                    // The page that the carrier asks for next depends on it.
                    self.writer.written().await.await;
                    self.does = None;
                    self.is_gone = true;
                    self.is_ended = true;
                }
                Act::Done => {}
            }
        }
        lost.map(|why| Input::Model(ModelSays::Lost(why)))
    }

    /// What is measured of bots since the start.
    fn count(&mut self, news: &BotNews) {
        match news {
            BotNews::Said(Words { entry, waited_ms: Some(waited), .. }) if self.counted.insert(*entry) => {
                self.inner.tally.bot_waited(*waited);
            }
            BotNews::Used { used, .. } => {
                let news = used.tokens.0.iter().map(|(kind, all)| {
                    let before = self.told.0.get(kind).copied().unwrap_or_default();
                    (*kind, all.saturating_sub(before))
                });
                self.inner.tally.bot_used(news);
                self.told = used.tokens.clone();
            }
            BotNews::ModelLost { .. } => self.inner.tally.bot_lost("model"),
            BotNews::MediaLost { .. } => self.inner.tally.bot_lost("stream"),
            BotNews::Over { why } => self.inner.tally.bot_over(why.as_str()),
            _ => {}
        }
    }

    fn tell_carrier(&mut self, does: CarrierDoes) {
        if let Some(taping) = self.taping.as_mut().filter(|_| self.does.is_some()) {
            taping.asks(&does);
        }
        // A carrier that reads nothing any more will be known as gone by its socket.
        if let Some(to) = &self.does
            && to.try_send(does).is_err()
        {
            self.does = None;
        }
    }

    fn tell_model(&mut self, does: &ModelDoes) -> Option<WhyLost> {
        let (mouth, _) = self.model.as_ref()?;
        mouth.say(does).err()
    }
}

async fn heard(model: &mut Option<(Mouth, Ears)>) -> Vec<ModelSays> {
    match model {
        Some((_, ears)) => ears.next().await,
        None => pending().await,
    }
}

async fn connected(connecting: &mut Option<Connecting>) -> Result<(Mouth, Ears), WhyLost> {
    match connecting {
        Some(connecting) => connecting.await,
        None => pending().await,
    }
}
