using CtfService.Model.Stages.Windows;

namespace CtfService.EngineBenchmarks.Acceptance;

/// <summary>Windows of one size, and how many labels of each were accepted. For a stage with one image at a time.</summary>
internal sealed class RecordingWindow(int window) : IWindowPolicy
{
    private readonly List<int> _accepted = [];

    public int Choose(StepLoad load) => window;

    public void Measure(int window, int labels) => _accepted.Add(labels);

    /// <summary>Returns the accepted labels of each step since the last call.</summary>
    public IReadOnlyList<int> Take()
    {
        List<int> taken = [.. _accepted];
        _accepted.Clear();
        return taken;
    }
}
