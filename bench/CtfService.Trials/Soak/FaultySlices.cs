using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Reports;
using CtfService.LoadGenerator.Requests;
using CtfService.LoadGenerator.Sending;
using CtfService.Trials.Engine;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Soak;

/// <summary>Sends a service load in slices, while faults of the engine happen at random moments, and adds up what callers got.</summary>
/// <param name="plan">The load of a slice.</param>
internal sealed class FaultySlices(ServiceInstance service, LoadTarget target, RequestCatalog catalog, LoadPlan plan)
{
    private const int FaultsOfSlice = 3;

    /// <summary>The codes of the errors that faults cause.</summary>
    private static readonly string[] Codes = [.. EngineFault.All.Select(fault => fault.Code).OfType<string>().Distinct()];

    private readonly Random _random = new(1);
    private int _slices;

    public long Sent { get; private set; }

    public SortedDictionary<string, long> Outcomes { get; } = new(StringComparer.Ordinal);

    public int FaultsArmed { get; private set; }

    /// <summary>Answers that an injected fault explains: its code, or an error at the end of a stream.</summary>
    public long Explained { get; private set; }

    /// <summary>What was wrong and no fault explains.</summary>
    public List<string> Wrong { get; } = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var faults = InjectAsync(end.Token);
        var result = await OpenLoop.RunAsync(target, catalog, plan with { Seed = _slices++ }, cancellation);
        await end.CancelAsync();
        await faults;
        Add(result);
    }

    private async Task InjectAsync(CancellationToken end)
    {
        for (var number = 0; number < FaultsOfSlice; number++)
        {
            await Task.Delay(plan.Duration * (_random.NextDouble() / FaultsOfSlice), TimeProvider.System, end)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (end.IsCancellationRequested)
            {
                return;
            }

            var fault = EngineFault.All[_random.Next(EngineFault.All.Count)];
            await service.ArmFaultAsync(fault.Kind, 1);
            FaultsArmed++;
        }
    }

    private void Add(LoadReport result)
    {
        Sent += result.Sent;
        foreach (var (outcome, count) in result.Outcomes)
        {
            Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + count;
        }

        var unexplained = result.Faults.Where(fault => !IsExplained(fault)).ToList();
        Explained += result.Faults.Count - unexplained.Count;
        Wrong.AddRange(unexplained);
        if (result.Wrong > result.Faults.Count)
        {
            Wrong.Add($"{result.Wrong - result.Faults.Count} more in slice {_slices}");
        }
    }

    private static bool IsExplained(string fault) =>
        fault.Contains("the answer has an error", StringComparison.Ordinal)
            || Array.Exists(Codes, code => fault.Contains($" {code} ", StringComparison.Ordinal));

    /// <summary>Returns how many requests ended in one of some ways.</summary>
    public long Count(params Outcome[] outcomes) => outcomes.Sum(outcome => Outcomes.GetValueOrDefault(outcome.Name()));
}
