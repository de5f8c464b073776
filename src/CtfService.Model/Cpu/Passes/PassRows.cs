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
