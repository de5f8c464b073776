using CtfService.Trials.Processes;

namespace CtfService.Trials.Engine;

/// <summary>Switches faults of CtfService.FaultyService on.</summary>
internal static class FaultSwitch
{
    /// <summary>Lets a fault happen the next times that it can.</summary>
    /// <param name="kind">Name of the fault there.</param>
    public static async Task ArmFaultAsync(this ServiceInstance service, string kind, int times)
    {
        using var answer = await service.Client.PostAsync(new Uri($"/faults?kind={kind}&times={times}", UriKind.Relative), content: null);
        answer.EnsureSuccessStatusCode();
    }
}
