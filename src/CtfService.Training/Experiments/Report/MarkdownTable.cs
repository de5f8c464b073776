using System.Text;

namespace CtfService.Training.Experiments.Report;

/// <summary>A table in Markdown; empty columns are omitted.</summary>
internal sealed class MarkdownTable(params string[] columns)
{
    private readonly List<string?[]> _rows = [];

    /// <summary>Adds a row.</summary>
    /// <param name="cells">One cell for each column; null for an empty cell.</param>
    public void Add(params string?[] cells) => _rows.Add(cells);

    public override string ToString()
    {
        var shown = Enumerable.Range(0, columns.Length).Where(column => column == 0 || _rows.Any(row => row[column] is not null)).ToList();
        var text = new StringBuilder();
        void Line(Func<int, string> cell) => text.Append("| ").AppendJoin(" | ", shown.Select(cell)).Append(" |\n");
        Line(column => columns[column]);
        text.Append('|').Append(string.Concat(Enumerable.Repeat("---|", shown.Count))).Append('\n');
        _rows.ForEach(row => Line(column => row[column] ?? ""));
        return text.ToString();
    }
}
