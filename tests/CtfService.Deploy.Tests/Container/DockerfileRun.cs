using System.Text.RegularExpressions;
using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Container;

/// <summary>
/// Carries out the Dockerfile's COPY and RUN instructions, each stage in a folder of its own in place of a file system of its own. Only for a Dockerfile
/// whose RUN instructions name no absolute path, and on a machine with the SDK that the base image would bring.
/// </summary>
internal sealed class DockerfileRun(Dockerfile dockerfile, string folder)
{
    /// <summary>Builds the target and what it stands on; returns the folder that is the target's working folder.</summary>
    public async Task<string> Build(string target)
    {
        var stage = dockerfile.Stage(target);
        foreach (var from in stage.Copies.Select(copy => copy.From).OfType<string>().Distinct())
        {
            await Build(from);
        }

        var root = Root(target);
        var workingFolder = "/";
        foreach (var instruction in dockerfile.Lineage(stage).SelectMany(each => each.Instructions))
        {
            switch (instruction)
            {
                case { Name: "WORKDIR" }:
                    workingFolder = instruction.Arguments;
                    Directory.CreateDirectory(Inside(root, workingFolder));
                    break;
                case { Name: "COPY" }:
                    await Copy(DockerCopy.Parse(instruction.Arguments), Inside(root, workingFolder));
                    break;
                case { Name: "RUN" }:
                    await Run(instruction.Arguments, Inside(root, workingFolder));
                    break;
            }
        }

        return Inside(root, workingFolder);
    }

    private string Root(string stage) => Path.Combine(folder, stage);

    private static string Inside(string root, string path) => Path.Combine(root, path.TrimStart('/'));

    /// <summary>As COPY does: what a folder holds, not the folder itself.</summary>
    private async Task Copy(DockerCopy copy, string workingFolder)
    {
        var from = copy.From is { } stage ? Root(stage) : RepositoryFolder.Root;
        var destination = Path.Combine(workingFolder, copy.Destination);
        Directory.CreateDirectory(destination);
        foreach (var source in copy.Sources)
        {
            var path = Inside(from, source);
            await Run($"cp -a '{(Directory.Exists(path) ? Path.Combine(path, ".") : path)}' '{destination}'", workingFolder);
        }
    }

    private static async Task Run(string command, string workingFolder)
    {
        Assert.False(Regex.IsMatch(command, @"(^|\s)/(app|source)\b"), $"'{command}' names a path that only a container has.");
        var run = await ProgramRun.Of("bash", ["-euo", "pipefail", "-c", command], workingFolder, InnerBuild.Environment);
        Assert.True(run.ExitCode == 0, $"{command}: {run}");
    }
}
