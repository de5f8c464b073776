namespace CtfService.Model.Cpu.Threads;

/// <summary>One thread's part of a step's work.</summary>
/// <param name="Thread">0 to Threads - 1.</param>
internal readonly record struct TeamShare(int Thread, int Threads)
{
    /// <summary>The thread's part of <paramref name="count"/> consecutive pieces.</summary>
    public (int First, int End) Of(int count) => ((int)((long)count * Thread / Threads), (int)((long)count * (Thread + 1) / Threads));
}
