using System.Text.RegularExpressions;
using CtfService.TestSupport.Deployment;

namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>A PromQL expression of the dashboards or rules in deploy/, with its variables filled in.</summary>
/// <param name="Where">The panel or rule that holds it.</param>
internal sealed partial record Expression(string Where, string PromQl)
{
    public static IReadOnlyList<Expression> All { get; } =
    [
        .. from panel in DashboardPanel.All
           from expression in panel.Expressions
           select new Expression($"{panel.Dashboard}: {panel.Title}", Filled(panel.Dashboard, expression)),
        .. PrometheusRule.All.Select(rule => new Expression(rule.Name, rule.IsAlert ? Answered(rule.Expression) : rule.Expression)),
    ];

    /// <summary>True if its series come from the GPU driver (NVML) or from NVIDIA's exporter.</summary>
    public bool NeedsGpu => GpuMetric().IsMatch(PromQl);

    public override string ToString() => $"{Where}: {PromQl}";

    /// <summary>The expression with the variables that Grafana fills in.</summary>
    private static string Filled(string dashboard, string expression) => expression
        .Replace("$job", dashboard == "gateway" ? "ctf-gateway" : "ctf-service", StringComparison.Ordinal)
        .Replace("$instance", ".*", StringComparison.Ordinal)
        .Replace("$__rate_interval", "10s", StringComparison.Ordinal);

    /// <summary>
    /// An alert that does not fire has an empty result, as has a query for a missing metric; with `bool` the result is 0 or 1.
    /// `unless` drops the series that both sides have; with `and` they are the result.
    /// </summary>
    private static string Answered(string expression) => Comparison().Replace(expression, " $1 bool ").Replace("unless on", "and on", StringComparison.Ordinal);

    [GeneratedRegex(@"\b(hw_|ctf_gpu_|DCGM_)")]
    private static partial Regex GpuMetric();

    [GeneratedRegex(@" (==|!=|>=|<=|>|<) ")]
    private static partial Regex Comparison();
}
