using CtfService.Model.Stages.Windows;

namespace CtfService.EngineBenchmarks.Acceptance;

/// <summary>Accepts as many labels of each window as a trained model did in the next recorded step.</summary>
internal sealed class ReplayedAcceptance(AcceptanceTrace trace) : IAcceptance
{
    private readonly (int Window, IReadOnlyList<int> Steps)[] _windows = [.. trace.Windows.Select(window => (window.Window, window.Steps()))];
    private readonly int[] _next = new int[trace.Windows.Count];

    /// <summary>Uses the steps with this window or, if none were recorded, with the next wider one.</summary>
    public int LabelsOf(int window)
    {
        if (window == 1)
        {
            return 1;
        }

        var index = Array.FindIndex(_windows, recorded => recorded.Window >= window);
        index = index < 0 ? _windows.Length - 1 : index;
        var steps = _windows[index].Steps;
        return Math.Min(window, steps[_next[index]++ % steps.Count]);
    }
}
