//! The check of the queue: each job against its row, its attempts and its call; each attempt against its job; each call of
//! a job against its attempt.

use super::PAGE;
use super::verify::{BETWEEN, Beside, Check, LOOKS, VerifyError, count};
use std::collections::BTreeMap;
use trunkline_core::id::{CallId, JobId};
use trunkline_store::AuditedCall;

impl Check<'_> {
    /// Jobs and attempts. Beside a running server one that seems wrong may have been half-way between two states.
    pub(super) async fn queue(&mut self, beside: Beside) -> Result<(), VerifyError> {
        let mut flaws = self.jobs().await?;
        let looks = if beside == Beside::Server { LOOKS } else { 0 };
        for _ in 0..looks {
            if flaws.is_empty() {
                break;
            }
            tokio::time::sleep(BETWEEN).await;
            flaws = self.jobs().await?;
        }
        self.report.jobs.good = self.report.jobs.of - count(flaws.len());
        for (job, flaws) in flaws {
            flaws.into_iter().for_each(|flaw| self.report.fault(format!("job {job}"), flaw));
        }
        let counted = self.store.count_attempts().await?;
        self.report.attempts.of = counted.all;
        self.report.attempts.good = counted.all - counted.without_job;
        self.report.unplaced = counted.without_call;
        if counted.without_job > 0 {
            self.report.fault("attempts", format!("{} are of jobs that are not there", counted.without_job));
        }
        Ok(())
    }

    /// What is wrong with which job; how many there are goes into the report.
    async fn jobs(&mut self) -> Result<BTreeMap<String, Vec<String>>, VerifyError> {
        let (mut after, mut flaws, mut all) = (String::new(), BTreeMap::new(), 0);
        loop {
            let page = self.store.audit_jobs_after(&after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            all += count(page.len());
            let wrong = page.into_iter().filter(|job| !job.flaws.is_empty());
            flaws.extend(wrong.map(|job| (job.id, job.flaws)));
        }
        self.report.jobs.of = all;
        Ok(flaws)
    }

    /// Whether each of these calls that is of a job has its attempt.
    pub(super) async fn attempts_of(&mut self, calls: &[AuditedCall]) -> Result<(), VerifyError> {
        let of_jobs: Vec<(CallId, JobId)> = calls
            .iter()
            .filter_map(|audited| audited.history.as_ref())
            .filter_map(|history| Some((history.call.id, history.call.job.as_ref()?.job)))
            .collect();
        for call in self.store.calls_without_attempt(&of_jobs).await? {
            self.report.fault(call.to_string(), "the call is of a job, and no attempt tells of it");
        }
        Ok(())
    }
}
