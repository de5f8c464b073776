namespace CtfService.Model.Stages;

/// <summary>Drafts labels of a window, before the labels on which they depend are drawn. A draft saves time if it is right and never changes a label.</summary>
internal interface ILabelDrafts
{
    /// <summary>Returns a label for a cell of an image.</summary>
    /// <param name="cell">A cell that is not kept. All cells before it have a label, which may be a draft.</param>
    int Draft(RunningImage image, int cell);

    /// <summary>Receives the logits [V] of a cell before its label is drawn, after guidance. Those of a later cell than the next label may be wrong.</summary>
    void Observe(RunningImage image, int cell, ReadOnlySpan<float> logits);
}
