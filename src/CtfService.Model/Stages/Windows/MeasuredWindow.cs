using CtfService.Model.Engines;

namespace CtfService.Model.Stages.Windows;

/// <summary>
/// Chooses the window with which the images of a step draw most labels in a second: from the measured time of a step with so many rows and from the labels
/// that windows of a size gave so far. Few images get wide windows, because a step with few rows takes hardly longer with some more; a full step gets 1.
/// </summary>
/// <param name="costs">Times of steps by their number of rows.</param>
/// <param name="largest">Largest window, at least 1.</param>
internal sealed class MeasuredWindow(StepCosts costs, int largest) : IWindowPolicy
{
    /// <summary>How many times more labels a window must promise than none, so that errors of the measurement cost nothing.</summary>
    private const double Advantage = 1.03;

    private readonly ExpectedLabels _expected = new();
    private StepLoad _load; // of the last choice
    private int _window = 1;

    /// <inheritdoc/>
    public int Choose(StepLoad load)
    {
        if (load != _load) // the images of a step have the same load
        {
            (_load, _window) = (load, Best(load));
        }

        return _window;
    }

    /// <inheritdoc/>
    public void Measure(int window, int labels)
    {
        _expected.Measure(window, labels);
        _load = default; // the next step chooses again
    }

    private int Best(StepLoad load)
    {
        var (best, bestRate) = (1, Advantage / costs.Of(load.Rows));
        for (var window = 2; window <= largest && load.RowsOfPosition * (window - 1) <= load.FreeRows; window++)
        {
            var rate = _expected.Of(window) / costs.Of(load.Rows + (load.RowsOfPosition * (window - 1)));
            if (rate > bestRate)
            {
                (best, bestRate) = (window, rate);
            }
        }

        return best;
    }
}
