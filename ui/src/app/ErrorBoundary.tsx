import { Component, type ReactNode } from "react";
import { ErrorNotice } from "../components/Notices";

/** Keeps the navigation usable when a page breaks. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    return this.state.error ? <ErrorNotice error={this.state.error} /> : this.props.children;
  }
}
