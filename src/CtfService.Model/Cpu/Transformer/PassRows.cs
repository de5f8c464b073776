namespace CtfService.Model.Cpu.Transformer;

/// <summary>The rows of one pass: for each its slot, position and input, and the number of positions it sees.</summary>
internal sealed class PassRows(int capacity)
{
    /// <summary>Gets the number of rows.</summary>
    public int Count { get; private set; }

    public int[] Slots { get; } = new int[capacity];

    public int[] Positions { get; } = new int[capacity];

    /// <summary>Gets the class of each row at position 0, and the label of each other row.</summary>
    public int[] Inputs { get; } = new int[capacity];

    /// <summary>Gets the number of positions that each row attends to: 0 to Visible - 1.</summary>
    public int[] Visible { get; } = new int[capacity];

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
