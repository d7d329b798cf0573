//! 주민등록증.

use super::address::address;
use super::offices::local_office;
use super::values::{issue_date, name, resident_number};
use super::{Fields, best};
use crate::layout::Part;

pub(super) fn understand(fields: &mut Fields<'_>) {
    fields.add("name", Part::Name, |line| name(&line.readings));
    fields.add("resident_number", Part::ResidentNumber, |line| resident_number(&line.readings));
    fields.add("issue_date", Part::IssueDate, |line| issue_date(&line.readings));
    fields.add("issuer", Part::Issuer, |line| local_office(&best(line)));
    fields.add_lines("address", Part::Address, address);
}
