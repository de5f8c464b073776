using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// The losses and gradient norms of steps whose values are still on the device. Reading them waits for the device, so those of several steps are fetched
/// together, in one copy. The first value that is not finite stops the run.
/// </summary>
/// <param name="part">What is trained, such as coarse.</param>
/// <param name="remedy">Returns advice for the user; called when a run stops.</param>
internal sealed class PendingFigures(string part, Func<string> remedy) : IDisposable
{
    private const string Total = "";

    private readonly List<Row> _rows = [];

    /// <summary>Adds a step. Copies the scalars, so that the graph of the step can be freed.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="losses">Scalars on the device.</param>
    public void Add(long step, StepLoss losses, GradientNorms norms)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        string[] names = [Total, .. losses.Parts.Keys];
        var scalars = stack([losses.Total.detach(), .. losses.Parts.Values.Select(loss => loss.detach())]);
        _rows.Add(new Row(step, names, norms.Names, cat([scalars.to(float32), norms.Values.to(float32)]).DetachFromDisposeScope()));
    }

    /// <summary>Fetches all added steps and returns the last one; null if there are none.</summary>
    /// <exception cref="TrainingDivergedException">A value is not finite; the message names the first step and its loss, or the parameter.</exception>
    public StepFigures? Fetch()
    {
        if (_rows.Count == 0)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var values = (_rows.Count == 1 ? _rows[0].Values : cat([.. _rows.Select(row => row.Values)])).cpu().data<float>().ToArray();
        var first = 0;
        StepFigures? last = null;
        foreach (var row in _rows)
        {
            last = Read(row, values.AsSpan(first, row.Length));
            first += row.Length;
        }

        Clear();
        return last;
    }

    public void Dispose() => Clear();

    private StepFigures Read(Row row, ReadOnlySpan<float> values)
    {
        var norms = values[row.Losses.Length..];
        for (var i = 1; i <= row.Losses.Length; i++)
        {
            var loss = i % row.Losses.Length; // the total last: it is not finite if any part is not
            if (!float.IsFinite(values[loss]))
            {
                throw Diverged(row, row.Losses[loss] == Total ? "the total loss" : $"the loss '{row.Losses[loss]}'", values[loss]);
            }
        }

        if (!float.IsFinite(norms[0]))
        {
            // The gradient runs from the loss to the input, so the last broken parameter is the first one that broke.
            var broken = norms[1..].LastIndexOfAnyExceptInRange(0, float.MaxValue);
            throw broken < 0
                ? Diverged(row, "the gradient norm", norms[0])
                : Diverged(row, $"the gradient of '{row.Parameters[broken]}'", norms[1 + broken]);
        }

        var losses = new Dictionary<string, double>();
        for (var i = 1; i < row.Losses.Length; i++)
        {
            losses[row.Losses[i]] = values[i];
        }

        return new StepFigures(losses, norms[0]);
    }

    private TrainingDivergedException Diverged(Row row, string figure, double value) =>
        TrainingDivergedException.Of(part, figure, value, row.Step + 1, remedy());

    private void Clear()
    {
        _rows.ForEach(row => row.Values.Dispose());
        _rows.Clear();
    }

    /// <param name="Losses">Names, the total first.</param>
    /// <param name="Parameters">Names of the parameters that have a gradient.</param>
    /// <param name="Values">[losses + 1 + parameters]: the losses, the norm over all parameters, that of each.</param>
    private sealed record Row(long Step, string[] Losses, IReadOnlyList<string> Parameters, Tensor Values)
    {
        public int Length => Losses.Length + 1 + Parameters.Count;
    }
}
