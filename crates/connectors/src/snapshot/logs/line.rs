//! A log line as the decoders hand it over, and the keys that lines use.

use std::borrow::Cow;

use midwatch_analysis::logs::LogLevel;

/// A decoded line, borrowed from the file's buffer where it could be.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct LogLine<'a> {
    /// Line of the file, from 1.
    pub(in crate::snapshot) number: u64,
    /// Nanoseconds since the epoch.
    pub(in crate::snapshot) time_ns: Option<i64>,
    /// Name of the entity; empty when unknown.
    pub(in crate::snapshot) entity: Cow<'a, str>,
    /// How loud.
    pub(in crate::snapshot) level: LogLevel,
    /// The message.
    pub(in crate::snapshot) body: Cow<'a, str>,
    /// Everything else.
    pub(in crate::snapshot) fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Whether its time named no zone.
    pub(in crate::snapshot) naive: bool,
    /// Whether it states a time that cannot be read.
    pub(in crate::snapshot) bad_time: bool,
}

/// What a key of a line stands for. The numbers are precedences: a smaller one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// When.
    Time(u8),
    /// Who.
    Entity(u8),
    /// How loud.
    Level(u8),
    /// What.
    Body(u8),
    /// Anything else.
    Field,
}

/// What `key` stands for. Case, `_`, `-`, `.` and `@` make no difference.
pub(super) fn role_of(key: &str) -> Role {
    // The longest key with a role of its own has 20 letters; longer ones are fields.
    let mut plain = [0_u8; 20];
    let mut length = 0;
    for byte in key.bytes().filter(u8::is_ascii_alphanumeric) {
        let Some(place) = plain.get_mut(length) else { return Role::Field };
        *place = byte.to_ascii_lowercase();
        length += 1;
    }
    match plain.get(..length).unwrap_or_default() {
        b"timestamp" => Role::Time(0),
        b"time" => Role::Time(1),
        b"ts" => Role::Time(2),
        b"timeunixnano" => Role::Time(3),
        b"datetime" => Role::Time(4),
        b"eventtime" => Role::Time(5),
        b"observedtimeunixnano" => Role::Time(6),
        b"asctime" | b"date" | b"t" => Role::Time(7),
        b"service" => Role::Entity(0),
        b"servicename" => Role::Entity(1),
        b"resourceservicename" | b"resourceattributesservicename" => Role::Entity(2),
        b"app" | b"application" | b"appname" => Role::Entity(3),
        b"entity" | b"component" => Role::Entity(4),
        b"kubernetescontainername" | b"container" | b"containername" => Role::Entity(5),
        b"pod" | b"podname" => Role::Entity(6),
        b"logger" | b"loggername" => Role::Entity(7),
        b"host" | b"hostname" | b"node" => Role::Entity(8),
        // bunyan and pino name the program so; last, as others use the word for anything.
        b"name" => Role::Entity(9),
        b"severitytext" => Role::Level(0),
        b"level" => Role::Level(1),
        b"severity" => Role::Level(2),
        b"lvl" | b"loglevel" | b"levelname" => Role::Level(3),
        b"severitynumber" => Role::Level(4),
        b"msg" => Role::Body(0),
        b"message" => Role::Body(1),
        b"body" | b"bodystringvalue" => Role::Body(2),
        b"log" => Role::Body(3),
        b"event" => Role::Body(4),
        b"content" | b"text" => Role::Body(5),
        _ => Role::Field,
    }
}

/// The level a word or number stands for: names, OpenTelemetry severity numbers 1 to 24 when `numbered`, else the
/// tens of bunyan, pino and Python.
pub(super) fn level_of(word: &str, numbered: bool) -> LogLevel {
    let named = LogLevel::parse(word);
    if named != LogLevel::Unknown {
        return named;
    }
    let Ok(number) = word.trim().parse::<u32>() else { return LogLevel::Unknown };
    match number {
        1..=8 if numbered => LogLevel::Debug,
        9..=12 if numbered => LogLevel::Info,
        13..=16 if numbered => LogLevel::Warn,
        17..=20 if numbered => LogLevel::Error,
        21..=24 if numbered => LogLevel::Fatal,
        10 | 20 => LogLevel::Debug,
        30 => LogLevel::Info,
        40 => LogLevel::Warn,
        50 => LogLevel::Error,
        60 => LogLevel::Fatal,
        _ => LogLevel::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_roles() {
        assert_eq!(role_of("@timestamp"), Role::Time(0));
        assert_eq!(role_of("timeUnixNano"), Role::Time(3));
        assert_eq!(role_of("service.name"), Role::Entity(1));
        assert_eq!(role_of("severity_text"), Role::Level(0));
        assert_eq!(role_of("message"), Role::Body(1));
        assert_eq!(role_of("http.route"), Role::Field);
        assert_eq!(role_of(&"x".repeat(500)), Role::Field);
    }

    #[test]
    fn levels_by_word_and_number() {
        assert_eq!(level_of("WARN", false), LogLevel::Warn);
        assert_eq!(level_of("17", true), LogLevel::Error);
        assert_eq!(level_of("30", false), LogLevel::Info);
        assert_eq!(level_of("17", false), LogLevel::Unknown);
    }
}
