namespace CtfService.Model.Stages.Windows;

/// <summary>The same window for every image; 1 draws one label a step.</summary>
internal sealed class FixedWindow(int window) : IWindowPolicy
{
    public int Choose(StepLoad load) => window;

    public void Measure(int window, int labels)
    {
    }
}
