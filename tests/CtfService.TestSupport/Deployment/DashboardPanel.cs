using System.Text.Json.Nodes;

namespace CtfService.TestSupport.Deployment;

/// <summary>A panel of a Grafana dashboard, with its Prometheus expressions.</summary>
/// <param name="Dashboard">File name of the dashboard without its extension.</param>
public sealed record DashboardPanel(string Dashboard, string Title, JsonNode Json, IReadOnlyList<string> Expressions)
{
    private static readonly string Folder = RepositoryFolder.File("deploy", "grafana", "dashboards");

    public static IReadOnlyList<string> Dashboards { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    /// <summary>The panels of all dashboards. Rows, which group panels, are excluded.</summary>
    public static IReadOnlyList<DashboardPanel> All { get; } = [.. Dashboards.SelectMany(Read)];

    public string Type => (string)Json["type"]!;

    public static JsonNode ReadDashboard(string dashboard) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, $"{dashboard}.json")))!;

    private static IEnumerable<DashboardPanel> Read(string dashboard) =>
        from panel in ReadDashboard(dashboard)["panels"]!.AsArray()
        where (string)panel!["type"]! != "row"
        select new DashboardPanel(dashboard, (string)panel["title"]!, panel, [.. panel["targets"]!.AsArray().Select(target => (string)target!["expr"]!)]);
}
