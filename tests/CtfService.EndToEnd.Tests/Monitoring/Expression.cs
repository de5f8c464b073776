using System.Text.RegularExpressions;
using CtfService.TestSupport.Deployment;

namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>Everything that the dashboards and rules of deploy/ ask Prometheus for, as they would ask it.</summary>
/// <param name="Where">Panel or rule.</param>
internal sealed partial record Expression(string Where, string PromQl)
{
    public static IReadOnlyList<Expression> All { get; } =
    [
        .. from panel in DashboardPanel.All
           from expression in panel.Expressions
           select new Expression($"{panel.Dashboard}: {panel.Title}", Filled(expression)),
        .. PrometheusRule.All.Select(rule => new Expression(rule.Name, rule.IsAlert ? Answered(rule.Expression) : rule.Expression)),
    ];

    /// <summary>From the driver (NVML) or from NVIDIA's exporter.</summary>
    public bool NeedsGpu => GpuMetric().IsMatch(PromQl);

    public override string ToString() => $"{Where}: {PromQl}";

    /// <summary>With the variables that Grafana fills in.</summary>
    private static string Filled(string expression) => expression
        .Replace("$job", "ctf-service", StringComparison.Ordinal)
        .Replace("$instance", ".*", StringComparison.Ordinal)
        .Replace("$__rate_interval", "10s", StringComparison.Ordinal);

    /// <summary>
    /// An alert that does not fire has an empty answer, which would look like a question for something that is not there; with `bool` it is 0 or 1.
    /// </summary>
    private static string Answered(string expression) => Comparison().Replace(expression, " $1 bool ");

    [GeneratedRegex(@"\b(hw_|ctf_gpu_|DCGM_)")]
    private static partial Regex GpuMetric();

    [GeneratedRegex(@" (==|!=|>=|<=|>|<) ")]
    private static partial Regex Comparison();
}
