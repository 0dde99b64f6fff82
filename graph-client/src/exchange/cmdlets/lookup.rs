//! Looking up objects by address. Exchange also matches an address against names, so the object that is returned need
//! not have the address.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::exchange::{
    Cmdlet, CmdletErrorKind, DistributionGroup, Exchange, ExchangeMailbox, ExchangeRecipient, GetDistributionGroup,
    GetMailbox, GetRecipient, OpathFilter, Property, UnifiedGroup,
};
use crate::ids::{InvalidValue, SmtpAddress};

/// An object that has addresses.
pub trait Addressed {
    /// Whether this is one of the object's SMTP addresses, its primary one or another, in any case of letters.
    ///
    /// A name or an alias that reads like the address does not count.
    #[must_use]
    fn has_address(&self, address: &SmtpAddress) -> bool;
}

macro_rules! addressed {
    ($($record:ty),+) => {$(
        impl $record {
            /// Whether this is one of the object's SMTP addresses, its primary one or another, in any case of letters.
            ///
            /// A name or an alias that reads like the address does not count.
            #[must_use]
            pub fn has_address(&self, address: &SmtpAddress) -> bool {
                self.primary_smtp_address.as_ref() == Some(address) || self.email_addresses.contains(address)
            }
        }

        impl Addressed for $record {
            fn has_address(&self, address: &SmtpAddress) -> bool {
                self.has_address(address)
            }
        }
    )+};
}
addressed!(ExchangeRecipient, ExchangeMailbox, DistributionGroup, UnifiedGroup);

/// The objects at an address. A caller acts differently on each outcome, so no variant stands for two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AtAddress<T> {
    /// Exactly one object has the address.
    One(T),
    /// No object was found.
    Nothing,
    /// Several objects have the address.
    Several(Vec<T>),
    /// No object has the address; these objects have it as a name or an alias only.
    OnlyByName(Vec<T>),
}

impl<T: Addressed> AtAddress<T> {
    /// Sorts the objects that Exchange found by their addresses, whichever property Exchange matched.
    #[must_use]
    pub fn among(found: impl IntoIterator<Item = T>, address: &SmtpAddress) -> Self {
        let (mut at, others): (Vec<T>, Vec<T>) = found.into_iter().partition(|object| object.has_address(address));
        match (at.pop(), at.is_empty()) {
            (Some(one), true) => Self::One(one),
            (Some(last), false) => {
                at.push(last);
                Self::Several(at)
            }
            (None, _) if others.is_empty() => Self::Nothing,
            (None, _) => Self::OnlyByName(others),
        }
    }
}

impl<T> AtAddress<T> {
    /// The object, when there is just one that has the address.
    #[must_use]
    pub fn one(self) -> Option<T> {
        match self {
            Self::One(object) => Some(object),
            _ => None,
        }
    }

    /// The same as a reference.
    #[must_use]
    pub fn as_one(&self) -> Option<&T> {
        match self {
            Self::One(object) => Some(object),
            _ => None,
        }
    }
}

/// The objects that have an address.
///
/// `EmailAddresses` is compared with the whole address; `PrimarySmtpAddress` in a filter would search the others too.
// GUESS: a whole address needs no `smtp:` before it in this filter; wrong if an address that exists is not found by it.
fn at(address: &SmtpAddress) -> Result<OpathFilter, InvalidValue> {
    OpathFilter::equals(&Property::EMAIL_ADDRESSES, address.as_str())
}

impl GetRecipient {
    /// The recipients that have an address, by a filter: none is an empty list.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the address cannot be written into a filter.
    pub fn at(address: &SmtpAddress) -> Result<Self, InvalidValue> {
        at(address).map(Self::matching)
    }
}

impl GetMailbox {
    /// The mailboxes that have an address, by a filter: none is an empty list.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the address cannot be written into a filter.
    pub fn at(address: &SmtpAddress) -> Result<Self, InvalidValue> {
        at(address).map(|filter| Self::all().filter(filter))
    }
}

impl GetDistributionGroup {
    /// The groups that have an address, by a filter: none is an empty list.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the address cannot be written into a filter.
    pub fn at(address: &SmtpAddress) -> Result<Self, InvalidValue> {
        at(address).map(Self::matching)
    }

    /// The groups with this name in the directory, by a filter.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the name cannot be written into a filter.
    pub fn named(name: &str) -> Result<Self, InvalidValue> {
        OpathFilter::equals(&Property::NAME, name).map(Self::matching)
    }

    /// The group with this distinguished name, by a filter: none is an empty list.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the name cannot be written into a filter.
    pub fn with_distinguished_name(name: &crate::exchange::DistinguishedName) -> Result<Self, InvalidValue> {
        OpathFilter::equals(&Property::DISTINGUISHED_NAME, name.as_str()).map(Self::matching)
    }
}

macro_rules! look_ups {
    ($(#[$doc:meta])* $cmdlet:ty, $record:ty, $by_identity:path, $one:ident, $many:ident) => {
        $(#[$doc])*
        ///
        /// Exchange also matches the text against names and aliases; only an object that has the address counts.
        ///
        /// # Permissions
        ///
        /// View-Only Recipients.
        ///
        /// # Errors
        ///
        /// As [`run`](Self::run). A missing object is no error.
        pub async fn $one(&self, address: &SmtpAddress) -> Result<AtAddress<$record>> {
            let lost = || Err(Error::new(ErrorKind::Decode, "the look-up lost its answer"));
            self.$many(std::slice::from_ref(address)).await.pop().unwrap_or_else(lost)
        }

        $(#[$doc])*
        ///
        /// For many addresses, ten to a request; the outcomes are in the order of the addresses.
        pub async fn $many(&self, addresses: &[SmtpAddress]) -> Vec<Result<AtAddress<$record>>> {
            self.look_up(addresses, $by_identity, <$cmdlet>::at).await
        }
    };
}

impl Exchange {
    look_ups! {
        /// The recipient at an address.
        GetRecipient, ExchangeRecipient, GetRecipient::new, recipient_at, recipients_at
    }

    look_ups! {
        /// The mailbox at an address.
        GetMailbox, ExchangeMailbox, GetMailbox::one, mailbox_at, mailboxes_at
    }

    look_ups! {
        /// The distribution group, mail-enabled security group or room list at an address.
        GetDistributionGroup, DistributionGroup, GetDistributionGroup::one, group_at, groups_at
    }

    /// Reads each address as an identity, which every caller of Exchange relies on. Where the object has another address,
    /// or there are several, a filter finds the object that has it.
    async fn look_up<'a, C, T>(
        &self,
        addresses: &'a [SmtpAddress],
        by_identity: fn(&'a SmtpAddress) -> C,
        by_filter: fn(&SmtpAddress) -> Result<C, InvalidValue>,
    ) -> Vec<Result<AtAddress<T>>>
    where
        C: Cmdlet<Output = Vec<T>>,
        T: Addressed + serde::de::DeserializeOwned + Send,
    {
        let found = self.run_all(addresses.iter().map(by_identity).collect()).await;
        let mut outcomes = Vec::with_capacity(addresses.len());
        let mut open = Vec::new();
        for (index, (address, found)) in addresses.iter().zip(found).enumerate() {
            let outcome = match found {
                Ok(rows) => Ok(AtAddress::among(rows, address)),
                Err(error) if is_several(&error) => Ok(AtAddress::OnlyByName(Vec::new())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(AtAddress::Nothing),
                Err(error) => Err(error),
            };
            if matches!(outcome, Ok(AtAddress::OnlyByName(_))) {
                match by_filter(address) {
                    Ok(cmdlet) => open.push((index, cmdlet)),
                    Err(invalid) => {
                        outcomes.push(Err(invalid.into()));
                        continue;
                    }
                }
            }
            outcomes.push(outcome);
        }
        let (indices, cmdlets): (Vec<usize>, Vec<C>) = open.into_iter().unzip();
        for (index, found) in indices.into_iter().zip(self.run_all(cmdlets).await) {
            match found.map(|rows| AtAddress::among(rows, &addresses[index])) {
                // Nothing has the address: what has it as a name is still told.
                Ok(AtAddress::Nothing) => {}
                outcome => outcomes[index] = outcome,
            }
        }
        outcomes
    }
}

fn is_several(error: &Error) -> bool {
    error.cmdlet().is_some_and(|cmdlet| cmdlet.kind == CmdletErrorKind::SeveralMatch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recipient(value: serde_json::Value) -> ExchangeRecipient {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_object_is_at_an_address_only_if_it_has_it() {
        let address: SmtpAddress = "Rooms@contoso.com".parse().unwrap();
        let primary = recipient(json!({ "Name": "a", "PrimarySmtpAddress": "rooms@CONTOSO.com" }));
        let proxy =
            recipient(json!({ "Name": "b", "EmailAddresses": ["SMTP:x@contoso.com", "smtp:rooms@contoso.com"] }));
        let by_name = recipient(json!({
            "Name": "rooms@contoso.com", "DisplayName": "rooms@contoso.com", "Alias": "rooms@contoso.com",
            "PrimarySmtpAddress": "board@contoso.com", "EmailAddresses": ["SMTP:board@contoso.com", "SIP:rooms@contoso.com"],
        }));
        let among = |found: &[&ExchangeRecipient]| AtAddress::among(found.iter().map(|&it| it.clone()), &address);
        assert_eq!(among(&[]), AtAddress::Nothing);
        assert_eq!(among(&[&by_name]), AtAddress::OnlyByName(vec![by_name.clone()]));
        assert_eq!(among(&[&by_name, &proxy]), AtAddress::One(proxy.clone()));
        assert_eq!(among(&[&primary, &by_name, &proxy]), AtAddress::Several(vec![primary, proxy]));
    }
}
