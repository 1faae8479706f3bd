import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { editorExtensions } from "./editorExtensions";
import { readHistory } from "./history";

interface ExpressionEditorProps {
  readonly value: string;
  readonly autoFocus: boolean;
  readonly onChange: (expr: string) => void;
  readonly onExecute: (expr: string) => void;
}

export function ExpressionEditor({ value, autoFocus, onChange, onExecute }: ExpressionEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const handlers = useRef({ onChange, onExecute });
  handlers.current = { onChange, onExecute };
  const initial = useRef({ value, autoFocus });

  useEffect(() => {
    if (!host.current) {
      return undefined;
    }

    // Position in the history while walking through it: 0 is what was typed, 1 the newest query.
    let position = 0;
    let draft = "";
    let recalling = false;
    const recall = (direction: 1 | -1, editor: EditorView) => {
      const past = readHistory();
      const next = position + direction;
      if (next < 0 || next > past.length) {
        return true;
      }

      draft = position === 0 ? editor.state.doc.toString() : draft;
      position = next;
      recalling = true;
      replaceText(editor, next === 0 ? draft : (past[next - 1] ?? ""));
      recalling = false;
      return true;
    };

    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: initial.current.value,
        extensions: [
          ...editorExtensions((expr) => handlers.current.onExecute(expr), recall),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) {
              position = recalling ? position : 0;
              handlers.current.onChange(update.state.doc.toString());
            }
          }),
        ],
      }),
    });
    view.current = editor;
    if (initial.current.autoFocus) {
      editor.focus();
    }

    return () => editor.destroy();
  }, []);

  useEffect(() => {
    if (view.current && view.current.state.doc.toString() !== value) {
      replaceText(view.current, value);
    }
  }, [value]);

  return <div ref={host} className="editor" />;
}

function replaceText(editor: EditorView, text: string): void {
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text }, selection: { anchor: text.length } });
}
