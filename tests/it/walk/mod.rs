//! The walk: every field of every object type is asked by everybody, on an object of their own, on one of their
//! organization that is hidden from them, and on a foreign one. What must come out is computed from the table in
//! `access` and the permission table; what came out is also a snapshot, for the reviewer.

mod access;
mod document;
mod expectation;
mod lists;
mod objects;
mod people;
mod schema;
mod snapshot;

use std::collections::BTreeSet;

use self::{
    access::{Access, Field, Need, Source, Type},
    document::Writer,
    expectation::{Expectation, Outcome},
    objects::{Objects, Place, Standpoint},
    people::Person,
    schema::Schema,
    snapshot::Row,
};
use crate::support::app::App;

#[test]
fn the_walk_has_every_field_of_every_type_and_no_other() {
    let (access, schema) = (Access::table(), Schema::served());
    let served = schema.0.iter().flat_map(|(kind, fields)| fields.keys().map(move |field| format!("{kind}.{field}")));
    let lines =
        access.0.iter().flat_map(|line| line.fields.iter().map(|field| format!("{}.{}", line.name, field.name)));
    let (served, lines): (BTreeSet<_>, Vec<_>) = (served.collect(), lines.collect());
    let known: BTreeSet<_> = lines.iter().cloned().collect();
    let new: Vec<_> = served.difference(&known).collect();
    assert!(new.is_empty(), "say in tests/it/walk/access.rs what these fields need (a list: in lists.rs): {new:#?}");
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(gone.is_empty(), "these are in tests/it/walk/access.rs, not in the schema: {gone:#?}");
    assert_eq!(lines.len(), known.len(), "a field stands twice in tests/it/walk/access.rs");
}

#[test]
fn the_schema_shows_what_each_field_needs() {
    let (access, schema) = (Access::table(), Schema::served());
    for line in &access.0 {
        for field in &line.fields {
            let at_root = matches!(line.source, Source::Query | Source::Mutation);
            let shown = if at_root && field.need == Need::Public { Some("public") } else { field.need.shown() };
            let served = schema.field(&line.name, field.name).requires.as_deref();
            assert_eq!(served, shown, "@requires of {}.{}", line.name, field.name);
        }
    }
}

#[tokio::test]
async fn everybody_gets_of_every_field_what_the_permission_table_says() {
    let app = App::start().await;
    let service = app.service().await;
    let (access, schema) = (Access::table(), Schema::served());
    let expectation = Expectation { access: &access, schema: &schema };
    let objects = Objects::of(&access, &service).await;
    let writer = Writer::new(&access, &schema, &service).await;
    let mut people = people::everybody(&app, &service).await;

    let mut wrong = Vec::new();
    let mut kinds = Vec::new();
    for line in &access.0 {
        let mut rows = empty_rows(line, people.len());
        for (column, who) in people.iter_mut().enumerate() {
            let places = objects.for_person(&expectation, line, who);
            if places.is_empty() {
                wrong.push(format!("{}: there is none that {} could be asked to look at", line.name, who.label));
            }
            for (standpoint, place) in places {
                let outcomes = ask(&writer, line, who, &place).await;
                for (field, outcome) in line.fields.iter().zip(outcomes) {
                    let expected = expectation.of(who, line, field, &place);
                    let may_be_null = field.may_be_null && expected == Outcome::Value && outcome == Outcome::Null;
                    if outcome != expected && !may_be_null {
                        let name = format!("{}.{} ({})", line.name, field.name, standpoint.name());
                        wrong.push(format!("{name} for {}: {outcome:?} instead of {expected:?}", who.label));
                    }
                    let row = rows.iter_mut().find(|row| row.field == field.name && row.standpoint == standpoint);
                    row.unwrap().cells[column] = Some(outcome);
                }
            }
        }
        wrong.extend(line.fields.iter().filter_map(|field| idle(line, field, &rows)));
        kinds.push((line.name.clone(), rows));
    }
    assert!(wrong.is_empty(), "{} things are not as the permission table says:\n{}", wrong.len(), wrong.join("\n"));
    let labels: Vec<_> = people.iter().map(|who| who.label).collect();
    insta::assert_snapshot!("outcomes", snapshot::table(&labels, &kinds));
}

/// What a field's line in the table says in vain: then the walk would show less than it seems.
fn idle(line: &Type, field: &Field, rows: &[Row]) -> Option<String> {
    let own = |row: &&Row| matches!(row.standpoint, Standpoint::Own | Standpoint::Common);
    let cells: Vec<_> =
        rows.iter().filter(|row| row.field == field.name).filter(own).flat_map(|row| &row.cells).collect();
    let came = |outcome| cells.iter().any(|cell| cell.as_ref() == Some(&outcome));
    let name = format!("{}.{}", line.name, field.name);
    match field.may_be_null {
        true if !came(Outcome::Null) => Some(format!("{name} was a value for everybody: take its `?` away")),
        false if !came(Outcome::Value) => Some(format!("{name} was a value for nobody: the sample is a bad one")),
        _ => None,
    }
}

fn empty_rows(line: &Type, people: usize) -> Vec<Row> {
    let fields = line.fields.iter().map(|field| field.name.to_owned());
    fields
        .flat_map(|field| {
            Standpoint::ALL.map(|standpoint| Row { field: field.clone(), standpoint, cells: vec![None; people] })
        })
        .collect()
}

/// What came out of each field. Mutations are asked one by one, each with a session of its own, which it may end.
async fn ask(writer: &Writer<'_>, line: &Type, who: &mut Person<'_>, place: &Place) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    if matches!(line.source, Source::Mutation) {
        for field in &line.fields {
            let document = writer.ask(line, [field.name], place);
            outcomes.push(document.outcome(&who.afresh().ask(&document.text).await, field.name));
        }
        return outcomes;
    }
    let document = writer.ask(line, line.fields.iter().map(|field| field.name), place);
    let actor = match line.source {
        Source::Through("Mutation", _) => who.afresh(),
        _ => who.reader.clone(),
    };
    let answer = actor.ask(&document.text).await;
    outcomes.extend(line.fields.iter().map(|field| document.outcome(&answer, field.name)));
    outcomes
}
