//! What panels list is made of: columns, rows, colours, and texts that fit.

use ratatui::layout::Constraint;
use ratatui::style::{Color, Modifier, Style};

/// A column: its name, and how wide it is.
pub type Column = (&'static str, Constraint);

/// What a panel lists.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Columns; without names there is no line for them.
    pub columns: Vec<Column>,
    /// Rows in the order shown.
    pub rows: Vec<Row>,
}

/// A row of a panel.
#[derive(Debug, Clone)]
pub struct Row {
    /// A text for each column.
    pub cells: Vec<String>,
    /// How it is coloured.
    pub style: Style,
}

/// One line instead of causes, coloured as a status.
pub fn note(text: &str, status: &str) -> Listing {
    Listing {
        columns: vec![("", Constraint::Fill(1))],
        rows: vec![Row {
            cells: vec![text.to_owned()],
            style: style(status),
        }],
    }
}

/// A row of one text.
pub fn plain(line: String) -> Row {
    plain_row(vec![line])
}

/// A row without a colour.
pub fn plain_row(cells: Vec<String>) -> Row {
    Row {
        cells,
        style: Style::new(),
    }
}

/// The colour of a status: none where all is well, red where nothing moves or something is gone.
pub fn style(status: &str) -> Style {
    match status {
        "current" | "reporting" | "arriving" | "learning" => Style::new(),
        "stalled" | "rewound" | "lost" | "disabled" | "silent" | "unkept" | "full" => {
            Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
        }
        _ => Style::new().fg(Color::Yellow),
    }
}

/// The end of a name that is too long: what URNs begin with tells nothing.
pub fn tail(name: &str, room: usize) -> String {
    let length = name.chars().count();
    if length <= room {
        return name.to_owned();
    }
    let end = name.chars().skip(length + 1 - room.max(1));
    std::iter::once('…').chain(end).collect()
}

/// A text in lines of at most this width, parted at spaces.
pub fn wrap(text: &str, width: u16) -> Vec<String> {
    let width = usize::from(width.max(10));
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let long = console::measure_text_width(line) + console::measure_text_width(word);
        match line.is_empty() {
            true => line.push_str(word),
            false if long < width => {
                line.push(' ');
                line.push_str(word);
            }
            // What goes on stands in, so that the next cause is seen.
            false => lines.push(format!("   {word}")),
        }
    }
    lines
}
