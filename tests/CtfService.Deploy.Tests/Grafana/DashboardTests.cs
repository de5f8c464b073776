using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CtfService.TestSupport.Deployment;

namespace CtfService.Deploy.Tests.Grafana;

/// <summary>Checks the dashboards for what Grafana would reject or display badly.</summary>
public sealed class DashboardTests
{
    private static readonly JsonArray Sources = YamlFile.Read("deploy", "grafana", "provisioning", "datasources", "datasources.yml")["datasources"]!.AsArray();

    public static TheoryData<string> Dashboards => [.. DashboardPanel.Dashboards];

    [Fact]
    public void Files_OfTheFolder_AreTheDashboards() => Assert.Equal(["device", "gateway", "jobs", "service"], DashboardPanel.Dashboards);

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Dashboard_ForProvisioning_HasAUidAndNoId(string dashboard)
    {
        var json = DashboardPanel.ReadDashboard(dashboard);

        Assert.Equal($"ctf-{dashboard}", (string)json["uid"]!);
        Assert.Null(json["id"]); // an id is specific to one database
        Assert.True((int)json["schemaVersion"]! >= 39);
        Assert.False((bool)json["editable"]!);
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Panels_OfADashboard_HaveUniqueIdsAndPlaces(string dashboard)
    {
        var panels = DashboardPanel.ReadDashboard(dashboard)["panels"]!.AsArray();
        var cells = panels.SelectMany(panel => Cells(panel!["gridPos"]!)).ToList();

        Assert.Equal(panels.Count, panels.Select(panel => (int)panel!["id"]!).Distinct().Count());
        Assert.Equal(cells.Count, cells.Distinct().Count());
        Assert.All(cells, cell => Assert.InRange(cell.Column, 0, 23));
    }

    [Fact]
    public void Panels_OfAllDashboards_HaveDescriptions() => Assert.All(DashboardPanel.All, panel =>
    {
        Assert.False(string.IsNullOrWhiteSpace(panel.Title));
        Assert.False(string.IsNullOrWhiteSpace((string?)panel.Json["description"]), panel.Title);
        Assert.False(string.IsNullOrWhiteSpace((string?)panel.Json["fieldConfig"]!["defaults"]!["unit"]), panel.Title);
    });

    [Fact]
    public void Targets_OfAllPanels_HaveExpressionsAndLegends() => Assert.All(DashboardPanel.All, panel =>
    {
        var targets = panel.Json["targets"]!.AsArray();

        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.False(string.IsNullOrWhiteSpace((string?)target!["expr"]), panel.Title));
        Assert.All(targets, target => Assert.False(string.IsNullOrWhiteSpace((string?)target!["legendFormat"]), panel.Title));
        Assert.Equal(targets.Count, targets.Select(target => (string)target!["refId"]!).Distinct().Count());
    });

    [Fact]
    public void Sources_OfAllPanels_AreProvisioned()
    {
        var provisioned = Sources.Select(source => ((string)source!["type"]!, (string)source["uid"]!)).ToHashSet();
        var used = DashboardPanel.All.SelectMany(panel => panel.Json["targets"]!.AsArray().Append(panel.Json)).Select(node => node!["datasource"]!);

        Assert.All(used, source => Assert.Contains(((string)source["type"]!, (string)source["uid"]!), provisioned));
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Variables_OfExpressions_AreDefined(string dashboard)
    {
        var own = DashboardPanel.ReadDashboard(dashboard)["templating"]!["list"]!.AsArray().Select(variable => (string)variable!["name"]!).ToList();
        var used = DashboardPanel.All.Where(panel => panel.Dashboard == dashboard).SelectMany(panel => panel.Expressions)
            .SelectMany(expression => Regex.Matches(expression, @"\$(\w+)").Select(match => match.Groups[1].Value))
            .Distinct().ToList();

        Assert.Subset(own.Append("__rate_interval").Append("__range").ToHashSet(), used.ToHashSet());
        Assert.Subset(used.ToHashSet(), own.ToHashSet());
    }

    [Fact]
    public void Exemplars_OfPrometheus_LinkToProvisionedTraces()
    {
        var prometheus = Sources.Single(source => (string)source!["type"]! == "prometheus")!;
        var destination = (string)prometheus["jsonData"]!["exemplarTraceIdDestinations"]![0]!["datasourceUid"]!;

        Assert.Contains(Sources, source => (string)source!["uid"]! == destination);
        Assert.Contains(DashboardPanel.All, panel => panel.Json["targets"]!.AsArray().Any(target => (bool?)target!["exemplar"] == true));
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Links_OfADashboard_OpenTheOthers(string dashboard)
    {
        var links = DashboardPanel.ReadDashboard(dashboard)["links"]!.AsArray().Select(link => (string)link!["url"]!);

        Assert.Equal(
            DashboardPanel.Dashboards.Where(other => other != dashboard).Select(other => $"/d/ctf-{other}").Order(StringComparer.Ordinal),
            links.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<(int Row, int Column)> Cells(JsonNode place) =>
        from row in Enumerable.Range((int)place["y"]!, (int)place["h"]!)
        from column in Enumerable.Range((int)place["x"]!, (int)place["w"]!)
        select (row, column);
}
