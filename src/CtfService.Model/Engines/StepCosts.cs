namespace CtfService.Model.Engines;

/// <summary>The time of a decode step by its number of rows, between and beyond the measured numbers on a straight line.</summary>
/// <param name="measured">Numbers of rows in ascending order, at least one, each with its time in any unit.</param>
internal sealed class StepCosts(IReadOnlyList<(int Rows, double Time)> measured)
{
    private readonly (int Rows, double Time)[] _measured = [.. measured];

    /// <summary>Returns the time of a step, in the unit of the measurements.</summary>
    public double Of(int rows)
    {
        if (_measured.Length == 1)
        {
            return _measured[0].Time;
        }

        var upper = 1;
        while (upper < _measured.Length - 1 && _measured[upper].Rows < rows)
        {
            upper++;
        }

        var (left, right) = (_measured[upper - 1], _measured[upper]);
        return left.Time + ((right.Time - left.Time) * (rows - left.Rows) / (right.Rows - left.Rows));
    }
}
