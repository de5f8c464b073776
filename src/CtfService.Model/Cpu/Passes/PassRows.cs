namespace CtfService.Model.Cpu.Passes;

/// <summary>The rows of one pass: which sequence, where in it, what comes in, and how many positions it sees.</summary>
internal sealed class PassRows(int capacity)
{
    public int Count { get; private set; }

    public int[] Slots { get; } = new int[capacity];

    public int[] Positions { get; } = new int[capacity];

    public int[] Inputs { get; } = new int[capacity];

    /// <summary>Each row attends to positions 0 to Visible - 1.</summary>
    public int[] Visible { get; } = new int[capacity];

    /// <summary>
    /// Where a thread's part of the attention begins, counted in heads over all rows: parts that see equally many positions, whatever their rows' lengths.
    /// </summary>
    public int FirstHead(int thread, int threads, int heads)
    {
        var before = 0L;
        for (var row = 0; row < Count; row++)
        {
            before += Visible[row];
        }

        var goal = before * heads * thread / threads;
        for (var row = 0; row < Count; row++)
        {
            var cost = (long)Visible[row] * heads;
            if (goal < cost)
            {
                return (row * heads) + (int)(goal / Visible[row]);
            }

            goal -= cost;
        }

        return Count * heads;
    }

    public void Clear() => Count = 0;

    public void Add(int slot, int position, int input, int visible)
    {
        Slots[Count] = slot;
        Positions[Count] = position;
        Inputs[Count] = input;
        Visible[Count] = visible;
        Count++;
    }
}
