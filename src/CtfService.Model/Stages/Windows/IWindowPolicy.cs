namespace CtfService.Model.Stages.Windows;

/// <summary>
/// Chooses how many positions an image computes in a decode step beyond those whose labels are known: its window. The labels of a window are drafted, and
/// those that turn out to be right are drawn in the same step, so windows change the time of an image and never its labels.
/// </summary>
internal interface IWindowPolicy
{
    /// <summary>Returns the window of the next image of a step, 1 for a single label. The stage gives it fewer positions if rows run short.</summary>
    int Choose(StepLoad load);

    /// <summary>Receives how many labels of a window were right, at least one.</summary>
    void Measure(int window, int labels);
}

/// <summary>A decode step before windows are chosen.</summary>
/// <param name="Images">Number of images that draw labels.</param>
/// <param name="Rows">Rows of the step if every window is 1.</param>
/// <param name="RowsOfPosition">Rows that one more position of every such image takes.</param>
/// <param name="FreeRows">Rows beyond <paramref name="Rows"/>.</param>
internal readonly record struct StepLoad(int Images, int Rows, int RowsOfPosition, int FreeRows);
