//! A memory of bounded size: what was used of late is there, what was not is forgotten first.

use std::collections::BTreeMap;

/// Values by key: at most so many, the ones that were used last. Two halves: when the younger is full, it becomes the older
/// one, and the older one goes.
#[derive(Debug)]
pub struct Recent<K, V> {
    half: usize,
    younger: BTreeMap<K, V>,
    older: BTreeMap<K, V>,
}

impl<K: Ord, V> Recent<K, V> {
    /// For at most so many.
    pub fn new(most: usize) -> Self {
        Self { half: (most / 2).max(1), younger: BTreeMap::new(), older: BTreeMap::new() }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.younger.len() + self.older.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key, if it is remembered; it is used by this.
    pub fn get(&mut self, key: K) -> Option<&mut V> {
        if !self.younger.contains_key(&key) {
            let value = self.older.remove(&key)?;
            return Some(self.put(key, value));
        }
        self.younger.get_mut(&key)
    }

    /// The value of a key, made if there is none.
    pub fn get_or(&mut self, key: K, made: impl FnOnce() -> V) -> &mut V {
        if !self.younger.contains_key(&key) {
            let value = self.older.remove(&key).unwrap_or_else(made);
            return self.put(key, value);
        }
        self.younger.entry(key).or_insert_with(made)
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: &K) {
        self.younger.remove(key);
        self.older.remove(key);
    }

    fn put(&mut self, key: K, value: V) -> &mut V {
        if self.younger.len() >= self.half {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.entry(key).or_insert(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_it_may_and_keeps_what_is_used() {
        let mut recent = Recent::new(100);
        *recent.get_or(0, || 0) = 7;
        for key in 1..10_000 {
            recent.get_or(key, || 0);
            assert!(recent.len() <= 100);
            if key % 40 == 0 {
                assert_eq!(recent.get(0).copied(), Some(7), "after {key}");
            }
        }
        assert_eq!(recent.get(1), None, "what nobody used is gone");
        recent.forget(&0);
        assert_eq!(recent.get(0), None);
    }
}
