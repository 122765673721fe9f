//! What must come out: computed from the table of needs and the roles of who asks.

use std::fmt;

use super::{
    access::{Access, Field, Need, Source, Type},
    objects::Place,
    people::Person,
    schema::Schema,
};

/// What came out of a field, or must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Value,
    Null,
    /// An error with this code, which may name a permission.
    Refused(String, Option<String>),
    /// There was no object on the way that could have been asked: the sample is a bad one.
    Nothing,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Value => "value",
            Self::Null => "null",
            Self::Refused(code, _) => code,
            Self::Nothing => "nothing",
        })
    }
}

/// Where the way ends for who may not go on.
type Way = Result<(), Outcome>;

fn refused(code: &str, permission: Option<&str>) -> Way {
    Err(Outcome::Refused(code.to_owned(), permission.map(str::to_owned)))
}

/// The rules of access.md over the table of needs.
#[derive(Debug)]
pub struct Expectation<'a> {
    pub access: &'a Access,
    pub schema: &'a Schema,
}

impl Expectation<'_> {
    pub fn of(&self, who: &Person<'_>, line: &Type, field: &Field, place: &Place) -> Outcome {
        let way = self.reaches(who, line, place).and_then(|()| self.meets(field.need, who, place));
        way.err().unwrap_or(Outcome::Value)
    }

    /// Whether the object counts as the caller's own.
    pub fn is_own(&self, who: &Person<'_>, line: &Type, part: &[Field], place: &Place) -> bool {
        match (line.source, self.subject(line, part)) {
            (Source::Node { own, .. }, _) => self.meets(own, who, place).is_ok(),
            // What is named may be one's own and still not be one's to change.
            (Source::Mutation, Some(named)) => self.is_own(who, named, &[], place),
            _ => self.reaches(who, line, place).is_ok(),
        }
    }

    /// The type of the objects by which these fields are come by; none for what belongs to nobody.
    pub fn subject<'a>(&'a self, line: &'a Type, part: &[Field]) -> Option<&'a Type> {
        let named = |need| match need {
            Need::On(kind, _)
            | Need::OnAsPerson(kind, _)
            | Need::OnOneself(kind)
            | Need::OnToMake(kind, _)
            | Need::OnOwn(kind, _)
            | Need::Awaits(kind, _) => Some(self.access.of(kind)),
            _ => None,
        };
        match line.source {
            Source::Query => Some(self.access.of("Organization")),
            Source::Mutation | Source::Subscription => part.iter().find_map(|field| named(field.need)),
            Source::Node { .. } => Some(line),
            Source::Through("Query", _) => None,
            Source::Through(root @ ("Mutation" | "SubscriptionRoot"), steps) => {
                named(self.access.of(root).field(steps.split('.').next().unwrap_or_default()).need)
            }
            Source::Through(parent, _) => self.subject(self.access.of(parent), &[]),
        }
    }

    /// Whether a proof is asked for that nobody here has, so that nobody gets a value.
    pub fn lacks_proof(&self, line: &Type, field: &Field) -> bool {
        let lacks = |need| matches!(need, Need::Token | Need::Password);
        match line.source {
            Source::Through("Mutation", step) => {
                lacks(self.access.of("Mutation").field(step.split('.').next().unwrap_or_default()).need)
            }
            _ => lacks(field.need),
        }
    }

    /// Whether one gets to the object at all.
    fn reaches(&self, who: &Person<'_>, line: &Type, place: &Place) -> Way {
        match line.source {
            Source::Query | Source::Mutation | Source::Subscription => Ok(()),
            Source::Node { seen, .. } => {
                self.meets(Need::SignedIn, who, place)?;
                // What one may not see is not there.
                self.meets(seen, who, place).map_err(|_| Outcome::Null)
            }
            Source::Through(parent, steps) => {
                self.reaches(who, self.access.of(parent), place)?;
                let mut kind = parent;
                for step in steps.split('.') {
                    self.meets(self.access.of(kind).field(step).need, who, place)?;
                    kind = &self.schema.field(kind, step).kind;
                }
                Ok(())
            }
        }
    }

    fn meets(&self, need: Need, who: &Person<'_>, place: &Place) -> Way {
        if matches!(need, Need::Public | Need::Visible) {
            return Ok(());
        }
        if need == Need::Token {
            return refused("INVALID_INPUT", None);
        }
        if need == Need::SigningIn {
            return if who.is_key() { refused("INVALID_INPUT", None) } else { Ok(()) };
        }
        if !who.is_signed_in() {
            return refused("UNAUTHENTICATED", None);
        }
        let of_a_person = matches!(
            need,
            Need::Session
                | Need::Password
                | Need::Everywhere
                | Need::Addressee(_)
                | Need::OnAsPerson(..)
                | Need::OnOneself(_)
        );
        if of_a_person && who.is_key() {
            return refused("FORBIDDEN", Need::Myself.shown());
        }
        let met = match need {
            Need::Public | Need::Visible | Need::SignedIn | Need::SigningIn | Need::Session => true,
            Need::Profile => !who.is_key(),
            Need::OnToMake(_, permission) => who.holds_on_own(permission, place),
            Need::OnOwn(_, permission) => {
                who.holds(permission, place) || (who.holds_on_own(permission, place) && who.is_behind(place))
            }
            Need::Token | Need::Password => return refused("INVALID_INPUT", None),
            Need::Holds(permission)
            | Need::Finds(permission)
            | Need::Awaits(_, permission)
            | Need::On(_, permission)
            | Need::OnAsPerson(_, permission) => who.holds(permission, place),
            // Every role grants it.
            Need::OnOneself(_) => who.holds(ogelbase::auth::Permission::OrganizationRead, place),
            Need::HoldsOnOwn(permission) => who.holds_on_own(permission, place),
            Need::HoldsOrMine(permission) => {
                who.holds(permission, place) || (who.is_behind(place) && who.looks_at(place.organization))
            }
            Need::Myself => who.is_behind(place),
            Need::Everywhere | Need::Addressee(_) if who.is_narrowed() => return refused("INVALID_INPUT", None),
            Need::Everywhere => true,
            Need::Addressee(label) => who.label == label,
        };
        if met {
            return Ok(());
        }
        match need {
            Need::Finds(_) | Need::Profile => Err(Outcome::Null),
            Need::Awaits(..) => refused("NOT_FOUND", None),
            Need::On(kind, _)
            | Need::OnAsPerson(kind, _)
            | Need::OnOneself(kind)
            | Need::OnToMake(kind, _)
            | Need::OnOwn(kind, _)
                if self.reaches(who, self.access.of(kind), place).is_err() =>
            {
                refused("NOT_FOUND", None)
            }
            _ => refused("FORBIDDEN", need.shown()),
        }
    }
}
