//! What happens in a stream goes into the journal in its order, and the sound does not wait for the disk.

use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use trunkline_core::call::{BotNews, BotTold, Event, Source, What};
use trunkline_core::id::CallId;

/// So much waits for a slow disk; then the sound waits too.
const WAITING: usize = 4_096;

enum Wish {
    Write(Box<Event>),
    Tell(oneshot::Sender<bool>),
}

/// Writes what happens in one stream.
pub(super) struct Writer {
    inner: Arc<Inner>,
    call: CallId,
    wishes: mpsc::Sender<Wish>,
}

impl Writer {
    pub(super) fn new(inner: &Arc<Inner>, handle: &Handle) -> Self {
        let (wishes, queue) = mpsc::channel(WAITING);
        let call = handle.lock().call.id;
        inner.tasks.spawn(write(inner.clone(), handle.clone(), queue));
        Self { inner: inner.clone(), call, wishes }
    }

    /// Writes it down, after what came before.
    pub(super) async fn write(&self, news: BotNews) {
        let event = self.inner.bot_event(self.call, news);
        let _ = self.wishes.send(Wish::Write(Box::new(event))).await;
    }

    /// Resolves when everything up to here is on the disk, or something since the last time this was asked was refused by it: whether
    /// all is there.
    pub(super) async fn written(&self) -> impl Future<Output = bool> + Send + 'static {
        let (tell, told) = oneshot::channel();
        let _ = self.wishes.send(Wish::Tell(tell)).await;
        async move { told.await.unwrap_or(false) }
    }
}

async fn write(inner: Arc<Inner>, handle: Handle, mut queue: mpsc::Receiver<Wish>) {
    let mut is_whole = true;
    while let Some(wish) = queue.recv().await {
        match wish {
            Wish::Write(event) => {
                let call = event.call;
                let is_part = matches!(&event.what, What::Bot(told) if told.news.is_part());
                let written = if is_part {
                    inner.observe_quietly(&handle, *event).await
                } else {
                    inner.observe_on(&handle, *event).await
                };
                if let Err(error) = written {
                    is_whole = false;
                    tracing::error!(%call, %error, "bot.not_written: something that was said is not in the journal");
                }
            }
            Wish::Tell(tell) => {
                let _ = tell.send(std::mem::replace(&mut is_whole, true));
            }
        }
    }
}

impl Inner {
    pub(super) fn bot_event(&self, call: CallId, news: BotNews) -> Event {
        let key = news.key();
        self.own_event(call, key, Source::Engine, What::Bot(Box::new(BotTold { news })))
    }
}
