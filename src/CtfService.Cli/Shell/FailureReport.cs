using System.CommandLine;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Layers;
using CtfService.Model.Loading;
using CtfService.Model.Memory;
using CtfService.Training.Data;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Shell;

/// <summary>Reports on standard error why a command failed: one message, and a stack trace only if the user asks for it.</summary>
internal static class FailureReport
{
    /// <summary>The environment variable that adds stack traces if it is not empty.</summary>
    public const string TraceVariable = "CTF_TRACE";

    /// <summary>Writes what is wrong with the options.</summary>
    public static void WriteUsage(TextWriter error, Command command, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
        {
            error.WriteLine($"ctf: {problem}");
        }

        error.WriteLine($"Run '{Path(command)} --help' for the options.");
    }

    /// <summary>Writes the exception that ended a command.</summary>
    public static void Write(TextWriter error, Exception exception)
    {
        var cause = exception is AggregateException or TypeInitializationException ? exception.GetBaseException() : exception;
        if (NativeLibraries.Explain(exception) is { } native)
        {
            error.WriteLine($"ctf: {native}");
        }
        else if (MemoryFault.Is(cause))
        {
            error.WriteLine($"ctf: not enough memory: {FirstLine(cause.Message)}");
            error.WriteLine("Use a smaller --batch, smaller images, a smaller model, or a machine with more memory.");
        }
        else if (IsForTheUser(cause))
        {
            error.WriteLine($"ctf: {cause.Message}");
        }
        else
        {
            error.WriteLine($"ctf: unexpected error, {cause.GetType().Name}: {FirstLine(cause.Message)}");
            error.WriteLine($"This is a bug in ctf. Please report it with the stack trace, which '{TraceVariable}=1' in the environment adds to this message.");
        }

        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(TraceVariable)))
        {
            error.WriteLine(exception);
        }
    }

    /// <summary>Returns true if the message alone tells the user how to solve the problem.</summary>
    public static bool IsForTheUser(Exception exception) => exception
        is DatasetException or TrainingDivergedException or StepMemoryException or CheckpointException or ModelLoadException or ArchitectureException
        or DeviceUnavailableException or OutOfDeviceMemoryException or InvalidDataException or IOException or UnauthorizedAccessException;

    /// <summary>Drops the C++ stack that libtorch adds below the first line.</summary>
    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd();

    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{Path(parent)} {command.Name}" : "ctf";
}
