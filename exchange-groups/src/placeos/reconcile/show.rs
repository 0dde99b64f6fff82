use std::fmt;

use graph_client::printable;

use super::model::{Fix, Reconciliation, RoomDifference};
use crate::placeos::change::Owner;
use crate::text::count;

impl Owner {
    /// The owner as a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ExchangeAdministrator => "Exchange administrator",
            Self::PlaceOsAdministrator => "PlaceOS administrator",
            Self::SpecAuthor => "Author of the spec",
            Self::Operator => "Operator of this program",
        }
    }
}

impl fmt::Display for RoomDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address}: ")?;
        }
        f.write_str(&printable(&self.message))
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange { change } => write!(f, "{}", printable(&change.command())),
            Self::PlaceOs { steps } => {
                let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
                f.write_str(&steps.join("; "))
            }
            Self::Person { advice } => f.write_str(&printable(advice)),
        }
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Exchange, group and PlaceOS: {} agreed, {}",
            count(self.agreed.len(), "room"),
            count(self.differences.len(), "difference")
        )?;
        for owner in Owner::ALL {
            let mut own = self.differences.iter().filter(|it| it.owner == *owner).peekable();
            if own.peek().is_some() {
                writeln!(f, "\n{}", owner.title())?;
            }
            for difference in own {
                writeln!(f, "  - {difference}")?;
                writeln!(f, "    {}", difference.fix)?;
            }
        }
        Ok(())
    }
}
