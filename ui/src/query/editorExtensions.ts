import { autocompletion, closeBrackets, closeBracketsKeymap, type CompletionContext, completionKeymap, type CompletionResult, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type CompleteStrategy, newCompleteStrategy, PromQLExtension } from "@prometheus-io/codemirror-promql";
import { baseUrl } from "../app/router";
import { readHistory } from "./history";

const highlight = HighlightStyle.define([
  { tag: tags.labelName, color: "var(--nx-label)" },
  { tag: tags.string, color: "var(--nx-value)" },
  { tag: [tags.number, tags.special(tags.number)], color: "var(--nx-number)" },
  { tag: [tags.function(tags.variableName), tags.standard(tags.function(tags.variableName))], color: "var(--nx-function)" },
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--nx-keyword)" },
  { tag: tags.variableName, color: "var(--nx-metric)" },
  { tag: [tags.operator, tags.paren, tags.squareBracket, tags.brace, tags.separator], color: "var(--nx-soft)" },
  { tag: tags.comment, color: "var(--nx-soft)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--mantine-color-error)" },
]);

const look = EditorView.theme({
  "&": { fontSize: "0.92rem", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "var(--mantine-font-family-monospace)", padding: "8px 0", caretColor: "var(--nx-metric)" },
  ".cm-scroller": { overflowX: "hidden", lineHeight: "1.5" },
  ".cm-cursor": { borderLeftColor: "var(--nx-metric)" },
  ".cm-placeholder": { color: "var(--nx-soft)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "light-dark(#cfe6e9, #2a4a50) !important" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--nx-accent-bg)", outline: "1px solid var(--nx-line)" },
  ".cm-tooltip": { backgroundColor: "var(--nx-card)", border: "1px solid var(--nx-line)", borderRadius: "8px", boxShadow: "0 6px 24px rgb(0 0 0 / 0.16)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mantine-font-family-monospace)", maxHeight: "320px", minWidth: "280px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", color: "var(--nx-metric)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--nx-accent-bg)", color: "var(--nx-accent)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { color: "var(--nx-soft)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "8px 10px", maxWidth: "360px", fontSize: "0.82rem" },
  // The stock underlines are data: images, which the content security policy forbids.
  ".cm-lintRange.cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--mantine-color-error) 1px" },
  ".cm-lintRange.cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--nx-value) 1px" },
  ".cm-diagnostic": { fontSize: "0.82rem" },
});

/** Offers past queries next to the language's own completions, while nothing but their beginning is typed. */
class CompletionWithHistory implements CompleteStrategy {
  readonly #language = newCompleteStrategy({ remote: { url: baseUrl.replace(/\/$/, ""), httpMethod: "GET" } });

  async promQL(context: CompletionContext): Promise<CompletionResult | null> {
    const result = await this.#language.promQL(context);
    const typed = context.state.sliceDoc(0, context.pos);
    if (context.pos !== context.state.doc.length || (result !== null && result.from !== 0)) {
      return result;
    }

    const past = readHistory()
      .filter((expr) => expr !== typed && expr.startsWith(typed))
      .slice(0, 8)
      .map((expr) => ({
        label: expr.length > 60 ? `${expr.slice(0, 60)}…` : expr,
        apply: expr,
        detail: "past query",
        info: expr.length > 60 ? expr : undefined,
        boost: -50,
      }));
    return past.length === 0 ? result : { ...result, from: 0, options: [...(result?.options ?? []), ...past] };
  }
}

export function editorExtensions(execute: (expr: string) => void, recall: (direction: 1 | -1, view: EditorView) => boolean): Extension[] {
  const run = (view: EditorView) => {
    execute(view.state.doc.toString());
    return true;
  };
  return [
    // Below the completion list's own Enter, above the editor's newline.
    keymap.of([
      { key: "Mod-Enter", run },
      { key: "Alt-ArrowUp", run: (view) => recall(1, view) },
      { key: "Alt-ArrowDown", run: (view) => recall(-1, view) },
    ]),
    history(),
    closeBrackets(),
    bracketMatching(),
    indentOnInput(),
    autocompletion({ maxRenderedOptions: 200, icons: false }),
    Prec.high(keymap.of([{ key: "Shift-Enter", run: insertNewlineAndIndent }])),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, { key: "Ctrl-.", run: startCompletion }, { key: "Enter", run }, ...historyKeymap, ...lintKeymap, ...defaultKeymap]),
    new PromQLExtension().setComplete({ completeStrategy: new CompletionWithHistory() }).asExtension(),
    syntaxHighlighting(highlight),
    look,
    EditorView.lineWrapping,
    EditorState.tabSize.of(2),
    EditorView.contentAttributes.of({ "aria-label": "PromQL expression", "aria-multiline": "true" }),
    placeholder("PromQL expression – Enter runs it, Shift+Enter starts a new line"),
  ];
}
