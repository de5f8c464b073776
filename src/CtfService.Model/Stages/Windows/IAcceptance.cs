namespace CtfService.Model.Stages.Windows;

/// <summary>
/// Decides how many labels of a window are accepted, whatever their drafts were. For benchmarks with random weights, whose drafts are right by chance only:
/// all rows are computed, but the labels mean nothing.
/// </summary>
internal interface IAcceptance
{
    /// <summary>Returns the number of accepted labels, 1 to the window.</summary>
    /// <param name="window">Positions in the window of an image.</param>
    int LabelsOf(int window);
}

/// <summary>Parts of a coarse stage that a benchmark replaces; null for those that a service has.</summary>
internal sealed record WindowParts(IWindowPolicy? Policy, IAcceptance? Acceptance);
