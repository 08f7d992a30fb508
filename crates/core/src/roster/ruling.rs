//! The one place that says who may call whom among the users of an app.

use crate::id::{AppUserId, ConversationId};
use std::collections::BTreeSet;

/// Whom a tenant's users may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhoMayCall {
    /// Every other user of the tenant.
    #[default]
    Anyone,
    /// The other members of a conversation, which the call has to name.
    Conversation,
}

/// One user wants to call another.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Their tenant's rule.
    pub who: WhoMayCall,
    /// Who calls.
    pub caller: &'a AppUserId,
    /// Whom.
    pub receiver: &'a AppUserId,
    /// The conversation that the call names.
    pub conversation: Option<&'a ConversationId>,
    /// Its members, if anybody has said who they are.
    pub members: Option<&'a BTreeSet<AppUserId>>,
    /// Those whom the receiver blocks.
    pub blocked: Option<&'a BTreeSet<AppUserId>>,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The receiver is called.
    Rings,
    /// It reaches nobody, and the caller sees a call that nobody takes: they are blocked, and are not to learn it.
    ReachesNobody,
    /// The call is not made, and the caller is told so. The same for a conversation that there is not, that the caller is not in, or that
    /// the receiver is not in.
    Refused,
}

/// Rules on a wish. That somebody is blocked is looked at last: what the caller is told before does not depend on it.
pub fn rule(wish: &Wish<'_>) -> Ruling {
    let both_are_members =
        |members: &BTreeSet<AppUserId>| members.contains(wish.caller) && members.contains(wish.receiver);
    match wish.who {
        WhoMayCall::Conversation
            if wish.conversation.is_none() || !wish.members.is_some_and(both_are_members) =>
        {
            Ruling::Refused
        }
        WhoMayCall::Anyone | WhoMayCall::Conversation => {
            if wish.blocked.is_some_and(|blocked| blocked.contains(wish.caller)) {
                Ruling::ReachesNobody
            } else {
                Ruling::Rings
            }
        }
    }
}

/// Whether a user may open the socket of a conversation. Of whose members nobody has said anything, it depends on the rule.
pub fn may_listen(who: WhoMayCall, user: &AppUserId, members: Option<&BTreeSet<AppUserId>>) -> bool {
    match (who, members) {
        (_, Some(members)) => members.contains(user),
        (WhoMayCall::Anyone, None) => true,
        (WhoMayCall::Conversation, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ruling::{ReachesNobody, Refused, Rings};
    use WhoMayCall::{Anyone, Conversation};

    fn set(names: &[&str]) -> BTreeSet<AppUserId> {
        names.iter().map(|name| AppUserId::parse(name).unwrap()).collect()
    }

    #[test]
    fn who_may_call_whom() {
        let [ann, bob] = ["ann", "bob"].map(|name| AppUserId::parse(name).unwrap());
        let seven = ConversationId::new("7");
        let (both, hers, his, nobody) = (set(&["ann", "bob"]), set(&["ann"]), set(&["bob"]), set(&[]));
        // The rule, whether a conversation is named, its members, whom the receiver blocks.
        for (who, is_named, members, blocked, expected) in [
            (Anyone, false, None, None, Rings),
            (Anyone, true, None, None, Rings),
            (Anyone, true, Some(&nobody), None, Rings),
            (Anyone, false, None, Some(&nobody), Rings),
            (Anyone, false, None, Some(&his), Rings),
            (Anyone, false, None, Some(&hers), ReachesNobody),
            (Conversation, false, None, None, Refused),
            (Conversation, true, None, None, Refused),
            (Conversation, true, Some(&nobody), None, Refused),
            (Conversation, true, Some(&hers), None, Refused),
            (Conversation, true, Some(&his), None, Refused),
            (Conversation, true, Some(&both), None, Rings),
            (Conversation, true, Some(&both), Some(&hers), ReachesNobody),
            // What the caller is told is the same, blocked or not.
            (Conversation, true, Some(&his), Some(&hers), Refused),
            (Conversation, false, Some(&both), None, Refused),
        ] {
            let wish = Wish {
                who,
                caller: &ann,
                receiver: &bob,
                conversation: is_named.then_some(&seven),
                members,
                blocked,
            };
            assert_eq!(
                rule(&wish),
                expected,
                "{who:?} {is_named} {:?} {:?}",
                members.map(BTreeSet::len),
                blocked.map(BTreeSet::len)
            );
        }
    }

    #[test]
    fn who_may_listen_to_a_conversation() {
        let ann = AppUserId::parse("ann").unwrap();
        let (in_it, not) = (set(&["ann"]), set(&["bob"]));
        for (who, members, expected) in [
            (Anyone, None, true),
            (Conversation, None, false),
            (Anyone, Some(&in_it), true),
            (Conversation, Some(&in_it), true),
            (Anyone, Some(&not), false),
            (Conversation, Some(&not), false),
        ] {
            assert_eq!(may_listen(who, &ann, members), expected, "{who:?} {:?}", members.map(BTreeSet::len));
        }
    }
}
