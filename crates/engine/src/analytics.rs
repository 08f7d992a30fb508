//! What calls came to, day by day, as the store keeps it added up.

use crate::desk::Desk;
use crate::reader::Unavailable;
use std::collections::BTreeMap;
use trunkline_core::id::CampaignId;
use trunkline_store::{Apart, QuestionCount, Rollup, Span};

/// Sums of a tenant's calls, and how far people came.
#[derive(Clone, Debug)]
pub struct Analytics {
    /// The sums, in the order of keys and ends.
    pub rollups: Vec<Rollup>,
    /// How far people came, by script and question.
    pub questions: Vec<QuestionCount>,
}

impl Desk {
    /// What the calls of some days came to.
    ///
    /// # Errors
    /// The store can't be read now.
    pub async fn analytics(&self, of: &Span, by: Apart) -> Result<Analytics, Unavailable> {
        let tenant = self.tenant();
        self.inner()
            .ask_store(async |store| {
                Ok(Analytics {
                    rollups: store.rollups(tenant, of, by).await?,
                    questions: store.questions_counted(tenant, of).await?,
                })
            })
            .await
    }

    /// What this tenant's campaigns are called, as far as this server knows them.
    pub fn campaign_names(&self) -> BTreeMap<CampaignId, String> {
        let all = self.inner().campaigns.all().into_iter();
        all.filter(|one| one.tenant == *self.tenant()).map(|one| (one.id, one.policy.name.clone())).collect()
    }

    /// The questions of a script as it is now.
    pub fn script_questions(&self, script: &str) -> Vec<String> {
        let script = self.inner().scripts.current(Some(script));
        script.iter().flat_map(|script| &script.questions).map(|one| one.prompt.text.clone()).collect()
    }
}
