/** @file Preact and htm under one roof: the only module that names the vendored files. */
import { Component, Fragment, createRef, h, render } from "../vendor/preact/preact.js";
import {
  useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from "../vendor/preact/hooks.js";
import htm from "../vendor/htm/htm.js";

export const html = htm.bind(h);
export {
  Component, Fragment, createRef, h, render,
  useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
};
