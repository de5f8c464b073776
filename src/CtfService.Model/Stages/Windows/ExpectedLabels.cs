namespace CtfService.Model.Stages.Windows;

/// <summary>
/// Estimates how many labels of a window are right: the shape of the curve as measured on the model that ships, scaled by what the windows of this model gave.
/// </summary>
internal sealed class ExpectedLabels
{
    /// <summary>Weight that an earlier window keeps with each further one: about the last 500 count.</summary>
    private const double Decay = 0.998;

    /// <summary>Labels beyond the first that the shape counts for before any measurement.</summary>
    private const double InitialWeight = 50;

    /// <summary>Labels of a step by window: 64 cells of models/fruits-64 in so many steps (docs/performance.md).</summary>
    private static readonly (int Window, double Labels)[] Shape = [(1, 1), (2, 1.45), (4, 1.84), (8, 2.42), (16, 2.88), (32, 3.12)];

    private double _labels = InitialWeight; // beyond the first of each window
    private double _shape = InitialWeight;  // the same by the shape

    /// <summary>Returns the expected number of right labels of a window, at least 1.</summary>
    public double Of(int window) => 1 + ((ShapeOf(window) - 1) * _labels / _shape);

    /// <summary>Adds what a window gave.</summary>
    public void Measure(int window, int labels)
    {
        if (window > 1)
        {
            _labels = (_labels * Decay) + labels - 1;
            _shape = (_shape * Decay) + ShapeOf(window) - 1;
        }
    }

    private static double ShapeOf(int window)
    {
        var upper = 1;
        while (upper < Shape.Length - 1 && Shape[upper].Window < window)
        {
            upper++;
        }

        var (left, right) = (Shape[upper - 1], Shape[upper]);
        return Math.Min(right.Labels, left.Labels + ((right.Labels - left.Labels) * (window - left.Window) / (right.Window - left.Window)));
    }
}
