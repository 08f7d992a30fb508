//! What a number is for, and where it may be: what the tables know beyond its form.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType, Region};

use super::{CountryCode, PhoneNumber};

/// What a number is for, as far as it matters to who pays and who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NumberKind {
    /// A person's or an office's phone, fixed or mobile.
    Ordinary,
    /// The callee pays.
    TollFree,
    /// The caller pays more than for a call: premium rate, shared cost.
    Premium,
    /// Not assigned, or of a kind that can't be told.
    Unknown,
}

impl PhoneNumber {
    /// What the number is for.
    #[must_use]
    pub fn kind(&self) -> NumberKind {
        use PhoneNumberType as T;
        match PHONE_NUMBER_UTIL.parse(&self.0, None).map(|number| number.get_type()) {
            Ok(T::PremiumRate | T::SharedCost) => NumberKind::Premium,
            Ok(T::TollFree) => NumberKind::TollFree,
            Ok(
                T::FixedLine
                | T::Mobile
                | T::FixedLineOrMobile
                | T::VoIP
                | T::PersonalNumber
                | T::Pager
                | T::UAN
                | T::VoiceMail,
            ) => NumberKind::Ordinary,
            Ok(T::Unknown) | Err(_) => NumberKind::Unknown,
        }
    }

    /// Every country the number may be in: the one it is assigned in, else all that share its calling code. None for
    /// satellite and other stateless networks.
    #[must_use]
    pub fn possible_countries(&self) -> Vec<CountryCode> {
        let Ok(number) = PHONE_NUMBER_UTIL.parse(&self.0, None) else { return Vec::new() };
        let regions: Vec<Region> = match number.get_region_code() {
            Some(region) => vec![region],
            None => PHONE_NUMBER_UTIL
                .get_regions_for_country_calling_code(number.country_code)
                .into_iter()
                .flatten()
                .collect(),
        };
        regions.into_iter().filter_map(|region| region.as_region_str().parse().ok()).collect()
    }
}
