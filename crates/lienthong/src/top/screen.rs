//! How the screen is laid out: a line of what is what, the causes, the views, five smaller panels in
//! two columns, and a line of keys. Readable from 80 by 24 on.

use super::keys::HELP;
use super::panels::{Panel, listing};
use super::rows::{Listing, Row};
use super::state::State;
use crate::words::moment;
use lienthong_contract::time::from_millis;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Table};

/// Below this nothing can be read.
const SMALLEST: (u16, u16) = (60, 16);

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (width, height) = SMALLEST;
        let text = format!("make the terminal at least {width} by {height}; q quits");
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let parts = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]);
    let [top, body, bottom] = parts.areas(area);
    frame.render_widget(header(state), top);
    let keys = " q quit  Tab panel  arrows scroll  Enter alone  p pause  ? help";
    frame.render_widget(Paragraph::new(keys).style(dim()), bottom);
    for (panel, area) in places(state, body) {
        draw_panel(frame, state, panel, area);
    }
    if state.help {
        draw_help(frame, body);
    }
}

/// Where each panel is.
pub fn places(state: &State, body: Rect) -> Vec<(Panel, Rect)> {
    if state.zoomed {
        return vec![(state.focus, body)];
    }
    let causes = listing(Panel::Causes, state, body.width).rows.len() as u16;
    let causes = (causes + 1).clamp(2, (body.height / 3).max(4));
    let views = listing(Panel::Views, state, body.width).rows.len() as u16;
    let views = (views + 2).clamp(4, ((body.height - causes) / 2).max(4));
    let parts = Layout::vertical([
        Constraint::Length(causes),
        Constraint::Length(views),
        Constraint::Fill(1),
    ]);
    let [causes, views, rest] = parts.areas(body);
    let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1);
    let [left, right] = halves.areas(rest);
    // Each as much as it lists, so that an empty one takes little room.
    let share = |panel, area: Rect| {
        let rows = listing(panel, state, area.width).rows.len() as u16;
        Constraint::Fill((rows + 2).clamp(3, 12))
    };
    let halves = [Panel::Stages, Panel::Sources].map(|panel| share(panel, left));
    let [stages, sources] = Layout::vertical(halves).areas(left);
    let thirds = [Panel::Subscriptions, Panel::Parked, Panel::Probes];
    let thirds = Layout::vertical(thirds.map(|panel| share(panel, right)));
    let [subscriptions, parked, probes] = thirds.areas(right);
    vec![
        (Panel::Causes, causes),
        (Panel::Views, views),
        (Panel::Stages, stages),
        (Panel::Sources, sources),
        (Panel::Subscriptions, subscriptions),
        (Panel::Parked, parked),
        (Panel::Probes, probes),
    ]
}

fn header(state: &State) -> Line<'static> {
    let bad = |text: String| {
        let style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
        Span::styled(text, style)
    };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled(" lienthong top", bold)];
    if state.paused {
        spans.push(Span::styled("  PAUSED", Style::new().fg(Color::Yellow)));
    }
    if let Some(gone) = &state.gone {
        let since = moment(&Some(from_millis(gone.since_ms)));
        spans.push(bad(format!("  NO ANSWER since {since}: {}", gone.why)));
    }
    if let Some(answer) = &state.answer {
        spans.push(match answer.causes.len() {
            // What was well then need not be now.
            _ if state.gone.is_some() => Span::raw(""),
            0 => Span::styled("  all well", Style::new().fg(Color::Green)),
            1 => bad("  1 needs a hand".to_owned()),
            more => bad(format!("  {more} need a hand")),
        });
        let as_of = moment(&answer.as_of_time);
        spans.push(Span::raw(format!("  as of {as_of}")));
    }
    spans.push(Span::raw(format!("  {}", state.url)));
    Line::from(spans)
}

fn draw_panel(frame: &mut Frame<'_>, state: &State, panel: Panel, area: Rect) {
    let Listing { columns, rows } = listing(panel, state, area.width);
    let has_names = columns.iter().any(|(name, _)| !name.is_empty());
    let room = usize::from(area.height).saturating_sub(1 + usize::from(has_names));
    let last = rows.len().saturating_sub(room.max(1));
    let first = state.scroll.get(&panel).copied().unwrap_or(0).min(last);
    let hidden = rows.len().saturating_sub(first + room);
    let title = match hidden {
        0 => format!(" {} ", panel.title()),
        more => format!(" {} (+{more}) ", panel.title()),
    };
    let style = match panel == state.focus {
        true => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
        false => dim(),
    };
    let block = Block::new()
        .borders(Borders::TOP)
        .title(title)
        .border_style(style);
    let shown = rows.into_iter().skip(first).take(room);
    let shown = shown.map(|Row { cells, style }| ratatui::widgets::Row::new(cells).style(style));
    let widths = columns.iter().map(|(_, width)| *width);
    let mut table = Table::new(shown, widths).block(block);
    if has_names {
        let names = columns.iter().map(|(name, _)| *name);
        table = table.header(ratatui::widgets::Row::new(names).style(dim()));
    }
    frame.render_widget(table, area);
}

fn draw_help(frame: &mut Frame<'_>, body: Rect) {
    let lines: Vec<Line<'_>> = HELP
        .iter()
        .map(|(key, does)| Line::from(format!(" {key:<22}{does}")))
        .collect();
    let height = lines.len() as u16 + 2;
    let width = 60.min(body.width);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + body.height.saturating_sub(height) / 2,
        width,
        height: height.min(body.height),
    };
    frame.render_widget(Clear, area);
    let block = Block::new().borders(Borders::ALL).title(" Keys ");
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn dim() -> Style {
    Style::new().fg(Color::DarkGray)
}
