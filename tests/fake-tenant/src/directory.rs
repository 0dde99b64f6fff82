//! All recipients, found by any of their names without reading the whole list.

use std::collections::{BTreeMap, HashMap};

use crate::recipient::{Recipient, RecipientId};

/// A name as the index has it.
pub(crate) fn key(name: &str) -> String {
    let name = name.trim().to_lowercase();
    name.strip_prefix("smtp:").map(str::to_owned).unwrap_or(name)
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    recipients: BTreeMap<RecipientId, Recipient>,
    index: HashMap<String, Vec<RecipientId>>,
    next: u32,
}

impl Directory {
    pub(crate) fn next_id(&self) -> RecipientId {
        RecipientId(self.next)
    }

    pub(crate) fn insert(&mut self, recipient: Recipient) -> RecipientId {
        let id = recipient.id;
        self.next = self.next.max(id.0 + 1);
        for key in recipient.keys() {
            self.index.entry(key).or_default().push(id);
        }
        self.recipients.insert(id, recipient);
        id
    }

    /// Takes the recipient out.
    pub(crate) fn remove(&mut self, id: RecipientId) -> Option<Recipient> {
        let recipient = self.recipients.remove(&id)?;
        for key in recipient.keys() {
            if let Some(ids) = self.index.get_mut(&key) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.index.remove(&key);
                }
            }
        }
        Some(recipient)
    }

    /// Changes a recipient and whatever it is found by.
    pub(crate) fn update(&mut self, id: RecipientId, change: impl FnOnce(&mut Recipient)) {
        if let Some(mut recipient) = self.remove(id) {
            change(&mut recipient);
            self.insert(recipient);
        }
    }

    pub(crate) fn get(&self, id: RecipientId) -> Option<&Recipient> {
        self.recipients.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.values()
    }

    /// Everything that goes by that name: usually one, sometimes several.
    pub(crate) fn find(&self, name: &str) -> impl Iterator<Item = &Recipient> {
        self.index
            .get(&key(name))
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .filter_map(|id| self.recipients.get(id))
    }

    pub(crate) fn by_address(&self, address: &str) -> Option<&Recipient> {
        let address = address.trim();
        self.find(address).find(|recipient| recipient.has_address(address))
    }

    pub(crate) fn by_distinguished_name(&self, name: &str) -> Option<&Recipient> {
        self.find(name).find(|recipient| recipient.distinguished_name.eq_ignore_ascii_case(name.trim()))
    }
}
