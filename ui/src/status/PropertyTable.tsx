export function PropertyTable({ title, rows }: { title: string; rows: readonly (readonly [name: string, value: string])[] }) {
  return (
    <section className="card">
      <h2 className="card-title">{title}</h2>
      <div className="table-scroll">
        <table className="data-table">
          <tbody>
            {rows.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className={/^[\d,]+$/.test(value) ? "mono count" : "mono wrap-text"}>{value === "" ? "–" : value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
