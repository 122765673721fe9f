//! The outcomes as a table for the reviewer.

use std::fmt::Write as _;

use super::{expectation::Outcome, objects::Standpoint};

/// What each person got from one field, by standpoint; none where there is nothing to look at.
#[derive(Debug)]
pub struct Row {
    pub field: String,
    pub standpoint: Standpoint,
    pub cells: Vec<Option<Outcome>>,
}

const LEGEND: &str = "\
value      something came
null       nothing came: the object is hidden, or the demo data has nothing there
CODE       the error that came instead of the field, or of the way to it
-          there is no such object: nothing is hidden from the owner, nothing is anonymous's own

common     the object belongs to no organization
own        it is theirs
hidden     it is of their organization but not theirs: out of reach, wholly or in part
foreign    it is of an organization that they are not in

in globex  both@acme.test, who is in acme and globex, under X-Organization: globex
key        an API key of acme's owner, with some permissions
";

/// Wide enough for any name and cell, so that a new line moves no other.
const WIDTHS: [usize; 3] = [44, 9, 10];

/// One line for each field and standpoint, one column for each person.
pub fn table(people: &[&str], kinds: &[(String, Vec<Row>)]) -> String {
    let mut text = LEGEND.to_owned();
    for (kind, rows) in kinds {
        text.push('\n');
        write_line(&mut text, kind, "", people.iter().map(|label| (*label).to_owned()));
        for row in rows.iter().filter(|row| row.cells.iter().any(Option::is_some)) {
            let cells = row.cells.iter().map(|cell| cell.as_ref().map_or("-".to_owned(), ToString::to_string));
            write_line(&mut text, &format!("{kind}.{}", row.field), row.standpoint.name(), cells);
        }
    }
    text
}

fn write_line(text: &mut String, name: &str, standpoint: &str, cells: impl Iterator<Item = String>) {
    let [names, standpoints, width] = WIDTHS;
    let mut line = format!("{name:names$}{standpoint:standpoints$}");
    for (column, cell) in cells.enumerate() {
        // The first is anonymous's, who gets a longer word.
        let width = if column == 0 { width + 6 } else { width };
        write!(line, "{cell:width$}").unwrap();
    }
    writeln!(text, "{}", line.trim_end()).unwrap();
}
