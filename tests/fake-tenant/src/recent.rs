//! A map that forgets what was not used for longest: a tenant that is asked for days does not grow by being asked.

use std::cell::Cell;
use std::collections::HashMap;

#[derive(Clone, Debug)]
struct Kept<V> {
    used: Cell<u64>,
    value: V,
}

#[derive(Clone, Debug)]
pub(crate) struct Recent<V> {
    most: usize,
    kept: HashMap<String, Kept<V>>,
    uses: Cell<u64>,
}

impl<V> Recent<V> {
    /// Keeps so many, and of more the half that was used last.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: HashMap::new(), uses: Cell::new(0) }
    }

    fn use_now(&self) -> u64 {
        self.uses.set(self.uses.get() + 1);
        self.uses.get()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        let kept = self.kept.get(key)?;
        kept.used.set(self.use_now());
        Some(&kept.value)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.kept.values().map(|kept| &kept.value)
    }

    pub(crate) fn insert(&mut self, key: String, value: V) {
        let now = self.use_now();
        self.kept.insert(key, Kept { used: Cell::new(now), value });
        if self.kept.len() > self.most {
            let mut uses: Vec<u64> = self.kept.values().map(|kept| kept.used.get()).collect();
            let beyond = uses.len() - self.most / 2;
            let (_, first, _) = uses.select_nth_unstable(beyond);
            self.kept.retain(|_, kept| kept.used.get() >= *first);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_is_forgotten() {
        let mut recent = Recent::new(4);
        for key in ["a", "b", "c", "d"] {
            recent.insert(key.to_owned(), key);
        }
        assert_eq!(recent.values().count(), 4);
        assert_eq!(recent.get("a"), Some(&"a"));
        recent.insert("e".to_owned(), "e");
        let left: Vec<&str> = ["a", "b", "c", "d", "e"].into_iter().filter(|key| recent.get(key).is_some()).collect();
        assert_eq!(left, ["a", "e"]);
    }
}
