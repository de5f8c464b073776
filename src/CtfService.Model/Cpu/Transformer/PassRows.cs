namespace CtfService.Model.Cpu.Transformer;

/// <summary>
/// The rows of one pass: for each its slot, position and input, and the number of positions it sees. Consecutive rows of one slot form a run, which attends
/// together.
/// </summary>
internal sealed class PassRows(int capacity)
{
    private readonly int[] _runs = new int[capacity + 1]; // the first row of each run, then the number of rows

    /// <summary>Gets the number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Gets the number of runs.</summary>
    public int Runs { get; private set; }

    public int[] Slots { get; } = new int[capacity];

    public int[] Positions { get; } = new int[capacity];

    /// <summary>Gets the class of each row at position 0, and the label of each other row.</summary>
    public int[] Inputs { get; } = new int[capacity];

    /// <summary>Gets the number of positions that each row attends to: 0 to Visible - 1.</summary>
    public int[] Visible { get; } = new int[capacity];

    /// <summary>Returns the rows of a run: first to end - 1.</summary>
    public (int First, int End) Run(int run) => (_runs[run], _runs[run + 1]);

    public void Clear() => (Count, Runs) = (0, 0);

    /// <summary>Adds a row. All rows of a slot must follow each other.</summary>
    public void Add(int slot, int position, int input, int visible)
    {
        if (Count == 0 || Slots[Count - 1] != slot)
        {
            Runs++;
        }

        Slots[Count] = slot;
        Positions[Count] = position;
        Inputs[Count] = input;
        Visible[Count] = visible;
        _runs[Runs] = ++Count;
    }
}
