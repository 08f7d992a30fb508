//! Variables that are set and do nothing: slips of the finger in our own.

use std::collections::BTreeSet;

use super::error::nearest;
use super::finding::Finding;
use super::given::Layer;
use super::key::{Section, Shown};

/// Ours, and no settings: read by the commands and by [`super::Sources`].
const OURS: [&str; 2] = ["TRUNKLINE_CONFIG", "TRUNKLINE_URL"];

/// What the variables' names tell. A server must start beside a neighbour's variables, so none of it is an error.
pub fn findings(sections: &[Section], layers: &[Layer]) -> Vec<Finding> {
    let known = known(sections);
    let mut seen = BTreeSet::new();
    let names = layers.iter().flat_map(Layer::names).filter(|(name, _)| seen.insert(*name));
    names.filter_map(|(name, origin)| finding(&known, name).map(|found| placed(found, origin))).collect()
}

fn placed(mut finding: Finding, origin: &super::error::Origin) -> Finding {
    finding.setting = format!("{} ({origin})", finding.setting);
    finding
}

fn finding(known: &BTreeSet<String>, name: &str) -> Option<Finding> {
    if !name.starts_with("TRUNKLINE_") || known.contains(name) || OURS.contains(&name) {
        return None;
    }
    let fix = nearest(name, known.iter().map(String::as_str).filter(|known| known.starts_with("TRUNKLINE_")))
        .map_or_else(
            || "see `trunkline config example`".to_owned(),
            |meant| format!("did you mean {meant}?"),
        );
    Some(Finding::warning(name, "no setting has this name", fix))
}

fn known(sections: &[Section]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for facts in sections.iter().flat_map(|section| section.keys) {
        for name in facts.variables() {
            if facts.shown == Shown::Never {
                known.insert(format!("{name}_FILE"));
            }
            known.insert(name);
        }
    }
    known
}
