//! Which media type an answer has, and which one a request has: `Accept` and `Content-Type`.

use axum::http::{HeaderMap, StatusCode, header};
use mediatype::{
    MediaType, MediaTypeList, Name, ReadParams,
    names::{_STAR, APPLICATION, CHARSET, HTML, JSON, Q, TEXT},
};

use crate::error::Error;

/// A media type that answers of GraphQL have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: a well-formed request is answered with 200, whatever became of its document. So do clients
    /// have it that trust no other status.
    Json,
    /// `application/graphql-response+json`: the status says what happened.
    GraphqlResponse,
}

/// What a client wants to be answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// An answer of GraphQL.
    Answer(Media),
    /// A page for people. Only a client that names `text/html` gets one.
    Page,
}

impl Media {
    /// As the header `Content-Type` has it.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }

    const fn subtype(self) -> (Name<'static>, Option<Name<'static>>) {
        match self {
            Self::Json => (JSON, None),
            Self::GraphqlResponse => (Name::new_unchecked("graphql-response"), Some(JSON)),
        }
    }
}

/// How much a client wants something: its quality in thousandths, and how closely it named it (2: by name, 1: by its
/// kind, 0: as anything).
type Rank = (u16, u8);

/// What the headers `Accept` ask for, by quality, then by how closely they name it. Without one, and for `*/*`,
/// `application/json`, which every client can read; of two that are named alike, the modern one. Nothing when neither
/// is wanted.
pub(super) fn wanted(headers: &HeaderMap) -> Option<Wanted> {
    let mut ranges = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        // What cannot be read asks for nothing, and what else was asked for stands.
        ranges.extend(MediaTypeList::new(value.to_str().unwrap_or_default()).flatten());
    }
    if !headers.contains_key(header::ACCEPT) {
        return Some(Wanted::Answer(Media::Json));
    }
    let page = rank(&ranges, TEXT, (HTML, None)).filter(|(_, closeness)| *closeness == 2);
    let json = rank(&ranges, APPLICATION, Media::Json.subtype());
    let modern = rank(&ranges, APPLICATION, Media::GraphqlResponse.subtype());
    let answer = match (json, modern) {
        (Some(json), Some(modern)) if modern > json || (modern == json && modern.1 == 2) => {
            Some((modern, Media::GraphqlResponse))
        }
        (Some(json), _) => Some((json, Media::Json)),
        (None, modern) => modern.map(|modern| (modern, Media::GraphqlResponse)),
    };
    match (answer, page) {
        (Some((answer, _)), Some(page)) if page > answer => Some(Wanted::Page),
        (Some((_, media)), _) => Some(Wanted::Answer(media)),
        (None, page) => page.map(|_| Wanted::Page),
    }
}

/// How much this type is wanted: the range that names it most closely decides, also against it (`q=0`).
fn rank(ranges: &[MediaType<'_>], kind: Name<'_>, (subtype, suffix): (Name<'_>, Option<Name<'_>>)) -> Option<Rank> {
    let closeness = |range: &MediaType<'_>| {
        if has_other_charset(range) {
            None
        } else if range.subty == _STAR {
            if range.ty == _STAR { Some(0) } else { (range.ty == kind).then_some(1) }
        } else {
            (range.ty == kind && range.subty == subtype && range.suffix == suffix).then_some(2)
        }
    };
    let ranked = ranges.iter().filter_map(|range| Some((closeness(range)?, quality(range))));
    let (closeness, quality) = ranked.max()?;
    (quality > 0).then_some((quality, closeness))
}

/// In thousandths. One that is no number is taken for none given.
fn quality(range: &MediaType<'_>) -> u16 {
    let given = range.get_param(Q).and_then(|quality| quality.as_str().parse::<f32>().ok());
    // Not finer than the three digits that HTTP has.
    given.filter(|quality| (0.0..=1.0).contains(quality)).map_or(1_000, |quality| (quality * 1_000.0).round() as u16)
}

/// Whether it is of another charset than the only one that we have.
fn has_other_charset(media: &MediaType<'_>) -> bool {
    media.get_param(CHARSET).is_some_and(|charset| !charset.unquoted_str().eq_ignore_ascii_case("utf-8"))
}

/// Checks that a body is JSON in UTF-8, as it stands. Only JSON: no form of another web page can send that without
/// asking first.
///
/// # Errors
/// 415, and what the headers should have been.
pub(super) fn check_posted(headers: &HeaderMap) -> Result<(), (StatusCode, Error)> {
    let refused = |header, problem| Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, Error::invalid(header, problem)));
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|kind| kind.to_str().ok()).and_then(|kind| MediaType::parse(kind).ok());
    match kind {
        Some(kind) if kinds.next().is_none() && kind.essence() == MediaType::new(APPLICATION, JSON) => {
            if has_other_charset(&kind) {
                return refused("Content-Type", "must have no other charset than utf-8");
            }
        }
        _ => return refused("Content-Type", "must be application/json"),
    }
    let as_it_stands =
        |coding: &header::HeaderValue| coding.to_str().is_ok_and(|coding| coding.eq_ignore_ascii_case("identity"));
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(as_it_stands) {
        return refused("Content-Encoding", "must not be there: a body is taken as it stands, not compressed");
    }
    Ok(())
}
