//! What keys do.

use super::panels::Panel;
use super::state::State;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What the keys do, for the help.
pub const HELP: [(&str, &str); 7] = [
    ("q, Esc", "quit, or leave this help"),
    ("Tab, right", "the next panel"),
    ("Shift-Tab, left", "the panel before"),
    ("up, down, PgUp, PgDn", "scroll in the panel"),
    ("Enter", "this panel alone, and back"),
    ("p", "pause: the picture stands still"),
    ("?", "this help"),
];

/// Whether the screen stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It stays.
    Stay,
    /// It ends.
    Quit,
}

/// Takes a key; `rows` is how many rows the panel in focus has.
pub fn press(state: &mut State, key: KeyEvent, rows: usize) -> Next {
    if key.kind == KeyEventKind::Release {
        return Next::Stay;
    }
    let interrupt = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if interrupt => return Next::Quit,
        KeyCode::Char('q') | KeyCode::Esc if !state.help => return Next::Quit,
        KeyCode::Char('?') => state.help = !state.help,
        _ if state.help => state.help = false,
        KeyCode::Char('p') => state.paused = !state.paused,
        KeyCode::Enter => state.zoomed = !state.zoomed,
        KeyCode::Tab | KeyCode::Right => state.focus = next(state.focus, 1),
        KeyCode::BackTab | KeyCode::Left => state.focus = next(state.focus, Panel::ALL.len() - 1),
        KeyCode::Down => scroll(state, 1, rows),
        KeyCode::Up => scroll(state, -1, rows),
        KeyCode::PageDown => scroll(state, 10, rows),
        KeyCode::PageUp => scroll(state, -10, rows),
        _ => {}
    }
    Next::Stay
}

fn next(panel: Panel, by: usize) -> Panel {
    let at = Panel::ALL.iter().position(|one| *one == panel).unwrap_or(0);
    let next = Panel::ALL.get((at + by) % Panel::ALL.len());
    next.copied().unwrap_or(panel)
}

fn scroll(state: &mut State, by: isize, rows: usize) {
    let first = state.scroll.entry(state.focus).or_default();
    let last = rows.saturating_sub(1);
    *first = first.saturating_add_signed(by).min(last);
}
